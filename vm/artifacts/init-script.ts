import { EXIT_LINE, STATUS_FILE } from "../../guest/protocol/standalone.ts";
import { START_PATH, V8_FLAGS } from "./precompiled.ts";
import { SNAPSHOT_PATH } from "./snapshot.ts";

/** Switches the machine off. Needs /proc. */
export const POWER_OFF = `echo o > /proc/sysrq-trigger
  $busybox sleep 60`;

/**
 * MiB for Node itself. Three quarters of the rest are V8's heap. V8's own default is half of the memory, but
 * at least 256 MiB, which a small machine does not have: instead of running out of memory, its kernel would
 * drop pages of Node and read them again, for minutes.
 */
const NODE_MEMORY = 56;

/**
 * Starts the first process. A shell with a built-in insmod, as in Debian's busybox, starts no process for each module,
 * which would take an emulated machine some milliseconds. busybox from 1.38 on finds itself by /proc/self/exe, so /proc
 * is mounted first.
 */
const BEGIN = `#!/bin/busybox sh
busybox=/bin/busybox
fail() {
  echo "docteur: $1"
  ${POWER_OFF}
}
$busybox mount -t proc proc /proc
insmod=insmod
type insmod >/type 2>&1 || insmod="$busybox insmod"
`;

const MOUNT_DEV = `$busybox mount -t devtmpfs dev /dev
$busybox ip link set lo up || fail "the loopback does not start"
`;

const MOUNT_ROOT = `$busybox mount -t erofs -o ro /dev/vda /root || fail "the root disk does not mount"
$busybox mount --move /proc /root/proc
`;

const HEAP = `$busybox mount --bind /guest /root/guest
while read -r name memory unit; do
  [ "$name" = MemTotal: ] && break
done </root/proc/meminfo
heap=$(((memory / 1024 - ${NODE_MEMORY}) * 3 / 4))
`;

const NODE = `$busybox chroot /root /bin/node --disable-warning=ExperimentalWarning ${V8_FLAGS.join(" ")} --max-old-space-size=$heap`;

/** The first process of a machine that docteur starts: it loads the modules, mounts the root disk and becomes Node. */
export const INIT = `${BEGIN}for module in /modules/*; do
  $insmod $module || fail "the module $module does not load"
done
${MOUNT_DEV}${MOUNT_ROOT}$busybox mount --move /dev /root/dev
$busybox mount -t sysfs sys /root/sys
${HEAP}exec ${NODE} ${START_PATH}
`;

/**
 * The same in a machine that a user or an engine starts, and whose devices are the engine's choice. It loads the modules
 * of devices that are there, and starts the network that the kernel's argument \`ip\` describes (Linux,
 * Documentation/admin-guide/nfs/nfsroot.rst): \`dhcp\`, or ADDRESS::GATEWAY:NETMASK. Debian's kernels do not do that
 * themselves. In the background, so that Node starts meanwhile.
 *
 * It remains the first process, and ends the machine when Node has ended, however it has. A status of 143 is that of a
 * program that the engine has asked to end. The engine learns of any other but 0 by pvpanic (QEMU,
 * docs/specs/pvpanic.rst): the end of the first process crashes the kernel. At level 0 the kernel says nothing of that
 * (Linux, include/linux/printk.h, \`console_verbose\`), so that the exit status remains the console's last line.
 */
export const STANDALONE_INIT = `${BEGIN}$busybox mount -t sysfs sys /sys
ip=
read -r arguments </proc/cmdline
for argument in $arguments; do
  case $argument in ip=*) ip=\${argument#ip=} ;; esac
done
pci=/sys/bus/pci/devices/0000:00:00.0
for module in /modules/*; do
  case $module in
    *-virtio_mmio.ko) [ ! -e $pci ] || continue ;;
    *-virtio_pci*) [ -e $pci ] || continue ;;
    *-virtio_net.ko | *failover.ko) [ "$ip" ] || continue ;;
    *-pvpanic_mmio.ko) [ -e /sys/bus/acpi/devices/QEMU0001:00 ] || continue ;;
    *-pvpanic_pci.ko) [ -e $pci ] || continue ;;
  esac
  $insmod $module || fail "the module $module does not load"
done
${MOUNT_DEV}case $ip in
  "") ;;
  dhcp) $busybox udhcpc -f -S -i eth0 -s /dhcp -t 1000 -T 1 >/dev/null 2>&1 & ;;
  *)
    fields=$ip
    address=\${fields%%:*} fields=\${fields#*::}
    gateway=\${fields%%:*} netmask=\${fields#*:}
    netmask=\${netmask%%:*}
    $busybox ifconfig eth0 $address netmask $netmask up || fail "the network does not start"
    [ -z "$gateway" ] || $busybox route add default gw $gateway || fail "there is no way to $gateway"
    ;;
esac
${MOUNT_ROOT}$busybox mount --bind /dev /root/dev
$busybox mount --move /sys /root/sys
${HEAP}echo 1 >/root/proc/sys/kernel/printk
# The shell says on its standard error that Node was killed.
exec 2>/dev/null
(exec ${NODE} --no-verify-snapshot-checksum --snapshot-blob ${SNAPSHOT_PATH} standalone 2>&1)
status=$?
if [ -e ${STATUS_FILE} ]; then
  read -r status <${STATUS_FILE}
else
  echo
  $busybox dmesg | $busybox grep -q "Out of memory" && echo "docteur: out of memory"
fi
echo 0 >/root/proc/sys/kernel/printk
echo "${EXIT_LINE}$status"
if [ $status != 0 ] && [ $status != 143 ]; then
  for device in /root/sys/bus/platform/drivers/pvpanic-mmio/QEMU* /root/sys/bus/pci/drivers/pvpanic-pci/0*; do
    [ ! -e $device ] || exit 1
  done
fi
$busybox poweroff -f
$busybox sleep 60
`;

/** What udhcpc calls with an event as its argument, and what it has got in the environment. */
export const DHCP_SCRIPT = `#!/bin/busybox sh
case $1 in
  deconfig) /bin/busybox ifconfig $interface 0.0.0.0 up ;;
  bound | renew)
    /bin/busybox ifconfig $interface $ip netmask \${subnet:-255.255.255.0}
    for gateway in $router; do
      /bin/busybox route add default gw $gateway dev $interface
      break
    done
    ;;
esac
`;
