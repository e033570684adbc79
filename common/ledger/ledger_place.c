/*
 * Where a ledger may lie. WAL keeps its index in shared memory and trusts file
 * locks; between hosts neither works, and the damage shows only later.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "ledger_int.h"

enum { FUSE = 0x65735546 };

struct network {
    unsigned long magic;
    const char *name;
};

/* f_type values of statfs(2). */
static const struct network networks[] = {
    {0x6969, "NFS"},        {0x517b, "SMB"},
    {0xfe534d42, "SMB2"},   {0xff534d42, "CIFS"},
    {0x01021997, "9p"},     {FUSE, "FUSE"},
    {0x00c36400, "Ceph"},   {0x0bd00bd0, "Lustre"},
    {0x5346414f, "AFS"},    {0x6b414653, "kAFS"},
    {0x73757245, "Coda"},   {0x47504653, "GPFS"},
    {0x19830326, "BeeGFS"}, {0x7461636f, "OCFS2"},
    {0x01161970, "GFS2"},   {0x564c, "NCP"},
    {0xaad7aaea, "PanFS"},  {0x786f4256, "a VirtualBox share"},
    {0xbacbacbc, "vmhgfs"},
};

/* Containers and Windows disks use FUSE on the same host; the mount's type
 * tells them from sshfs and the like. */
static bool is_local_fuse(const char *path)
{
    static const char *const local[] = {" fuse.fuse-overlayfs ", " fuseblk "};
    char line[4096], device[40];
    bool found = false;
    struct stat st;
    FILE *f;

    if (stat(path, &st) < 0)
        return false;
    f = fopen("/proc/self/mountinfo", "re");
    if (!f)
        return false;
    snprintf(device, sizeof device, " %u:%u ", major(st.st_dev),
             minor(st.st_dev));
    while (!found && fgets(line, sizeof line, f)) {
        for (size_t i = 0; i < sizeof local / sizeof *local; i++)
            found = found || (strstr(line, device) && strstr(line, local[i]));
    }
    fclose(f);
    return found;
}

enum asid_rc ledger_check_place(const char *path, struct asid_err *err)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) + 1 : 1;
    char *dir = mem_alloc(n + 1);
    enum asid_rc rc = ASID_OK;
    struct statfs fs;

    memcpy(dir, slash ? path : ".", n);
    if (statfs(path, &fs) < 0 && statfs(dir, &fs) < 0) {
        rc = FAIL_ERRNO(err, "cannot look at the folder of %s", path);
        goto out;
    }
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++) {
        if (((unsigned long)fs.f_type & 0xffffffffUL) != networks[i].magic)
            continue;
        if (networks[i].magic == FUSE && is_local_fuse(dir))
            continue;
        rc = FAIL(err,
                  "%s: lies on a network file system (%s), where a ledger "
                  "breaks; put it on a local disk, one ledger per host or "
                  "shard",
                  path, networks[i].name);
        break;
    }
out:
    free(dir);
    return rc;
}
