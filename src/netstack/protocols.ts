// The numbers that network and transport protocols go by; they never change.

/** The network number of IPv4, its EtherType. */
export const IPV4 = 0x0800;
/** The network number of IPv6, its EtherType. */
export const IPV6 = 0x86dd;
/** The transport number of TCP. */
export const TCP = 6;
/** The transport number of UDP. */
export const UDP = 17;
