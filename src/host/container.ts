// The container that a process runs in, by the names of its control groups (cgroups(7)).
//
// Docker, Podman, containerd, CRI-O and Kubernetes name the group of a container by its id, 64 hexadecimal digits,
// with or without a word before it: "/docker/ID", "docker-ID.scope", "libpod-ID.scope", "cri-containerd-ID.scope",
// "crio-ID.scope", "…:cri-containerd:ID". LXC names it by the container: "/lxc/NAME", "lxc.payload.NAME".
// A process that sees itself in a cgroup namespace of its own sees no name at all.

/**
 * The innermost container, as the text of /proc/PID/cgroup tells it, or `null`.
 *
 * @example
 * containerOf("0::/system.slice/docker-4f1c….scope\n"); //=> "4f1c…"
 * containerOf("0::/lxc.payload.web/system.slice/nginx.service\n"); //=> "web"
 */
export function containerOf(cgroup: string): string | null {
  // "ID:CONTROLLERS:PATH", one line for each hierarchy; the path itself may hold colons.
  for (const line of cgroup.split("\n")) {
    const groups = line.split(":").slice(2).join(":").split("/");
    for (let at = groups.length - 1; at > 0; at--) {
      const id = idOf(groups[at]!) ?? lxcNameOf(groups[at]!, groups[at - 1]!);
      if (id !== undefined) return id;
    }
  }
  return null;
}

function idOf(group: string): string | undefined {
  // The monitor of a container has its id too, and runs outside of it.
  if (group.includes("conmon-")) return undefined;
  return /(?:^|[-:])([0-9a-f]{64})(?:\.scope)?$/u.exec(group)?.[1];
}

function lxcNameOf(group: string, parent: string): string | undefined {
  if (parent === "lxc" || parent === "lxc.payload") return group === "" ? undefined : group;
  return /^lxc\.payload\.(.+)$/u.exec(group)?.[1];
}
