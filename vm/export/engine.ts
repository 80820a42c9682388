/** The engines that `docteur export` writes machines for. */
export const ENGINES = ["script", "systemd", "libvirt", "kubevirt", "nomad", "compose"] as const;
export type Engine = (typeof ENGINES)[number];
