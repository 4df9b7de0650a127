// The container that control groups say, in the forms of those who make containers.

import { describe, expect, it } from "vitest";

import { containerOf } from "../../src/host/container.ts";

const ID = "4f1c2b3a".repeat(8);
const OTHER = "0123456789abcdef".repeat(4);
const POD = "2c48913c-b29f-11e7-9350-020968147796";

describe("the container of a process", () => {
  it.each<[string, string, string | null]>([
    ["Docker, cgroupfs", `0::/docker/${ID}\n`, ID],
    ["Docker, systemd", `0::/system.slice/docker-${ID}.scope\n`, ID],
    ["Docker, cgroup v1", `12:memory:/docker/${ID}\n11:cpu,cpuacct:/docker/${ID}\n1:name=systemd:/x\n`, ID],
    ["Docker, a service inside", `0::/docker/${ID}/system.slice/nginx.service\n`, ID],
    ["Docker in Docker", `0::/docker/${OTHER}/docker/${ID}\n`, ID],
    ["Docker, rootless", `0::/user.slice/user-1000.slice/user@1000.service/app.slice/docker-${ID}.scope`, ID],
    ["Docker, from a cgroup namespace beside it", `0::/../docker-${ID}.scope\n`, ID],
    ["Podman", `0::/machine.slice/libpod-${ID}.scope/container\n`, ID],
    [
      "Podman, rootless",
      `0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope`,
      ID,
    ],
    ["Podman, cgroupfs", `0::/libpod_parent/libpod-${ID}\n`, ID],
    ["Podman's monitor", `0::/machine.slice/libpod-conmon-${ID}.scope\n`, null],
    ["containerd, cgroupfs", `0::/default/${ID}\n`, ID],
    ["nerdctl", `0::/system.slice/nerdctl-${ID}.scope\n`, ID],
    ["Kubernetes, cgroupfs", `0::/kubepods/burstable/pod${POD}/${ID}\n`, ID],
    [
      "Kubernetes, systemd",
      `0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${POD.replaceAll("-", "_")}.slice/cri-containerd-${ID}.scope\n`,
      ID,
    ],
    [
      "Kubernetes, an older containerd",
      `0::/system.slice/containerd.service/kubepods-burstable-pod${POD}.slice:cri-containerd:${ID}\n`,
      ID,
    ],
    ["CRI-O", `0::/kubepods.slice/kubepods-pod${POD}.slice/crio-${ID}.scope\n`, ID],
    ["CRI-O's monitor", `0::/kubepods.slice/kubepods-pod${POD}.slice/crio-conmon-${ID}.scope\n`, null],
    ["LXC", "0::/lxc.payload.web-1/system.slice/nginx.service\n", "web-1"],
    ["LXC, older", "9:memory:/lxc/web/init.scope\n0::/lxc/web\n", "web"],
    ["LXC 3.1", "0::/lxc.payload/web\n", "web"],
    ["LXC's monitor", "0::/lxc.monitor.web\n", null],
    ["Docker in LXC", `0::/lxc.payload.web/docker/${ID}\n`, ID],
    ["none, in a shell", "0::/user.slice/user-1000.slice/session-3.scope\n", null],
    ["none, beside Docker", "0::/system.slice/docker.service\n", null],
    ["none, in a cgroup namespace of its own", "0::/\n", null],
    ["none, where only a folder is called so", "0::/lxc/\n", null],
    ["none, of another length", `0::/docker/${ID.slice(1)}\n`, null],
    ["none, with capitals", `0::/docker/${ID.toUpperCase()}\n`, null],
    ["none, in a text of another form", `docker-${ID}.scope`, null],
    ["none, where nothing can be read", "", null],
  ])("%s", (_, text, id) => {
    expect(containerOf(text)).toBe(id);
  });
});
