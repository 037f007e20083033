/*
 * no-userns COMMAND...: runs a command where every new namespace and mount is
 * refused, as in many containers. A filter answers EPERM to unshare, setns,
 * mount, pivot_root, the new mount calls and clone with CLONE_NEW*, and
 * ENOSYS to clone3, whose flags a filter cannot see.
 */
#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const int refused[] = {
	SCMP_SYS(unshare),
	SCMP_SYS(setns),
	SCMP_SYS(mount),
	SCMP_SYS(umount2),
	SCMP_SYS(pivot_root),
	SCMP_SYS(fsopen),
	SCMP_SYS(fsmount),
	SCMP_SYS(open_tree),
	SCMP_SYS(move_mount),
	SCMP_SYS(mount_setattr),
};

static const unsigned long kinds[] = {
	CLONE_NEWUSER,
	CLONE_NEWPID,
	CLONE_NEWNS,
	CLONE_NEWNET,
	CLONE_NEWIPC,
	CLONE_NEWUTS,
	CLONE_NEWCGROUP,
};

static int install(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int ret = ctx ? 0 : -ENOMEM;

	for (size_t i = 0; ret == 0 && i < sizeof(refused) / sizeof(int); i++)
		ret = seccomp_rule_add(
			ctx, SCMP_ACT_ERRNO(EPERM), refused[i], 0);
	for (size_t i = 0; ret == 0 && i < sizeof(kinds) / sizeof(kinds[0]);
		i++)
		ret = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM),
			SCMP_SYS(clone), 1,
			SCMP_A0(SCMP_CMP_MASKED_EQ, kinds[i], kinds[i]));
	if (ret == 0)
		ret = seccomp_rule_add(
			ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	if (ret == 0)
		ret = seccomp_load(ctx);
	seccomp_release(ctx);
	return ret;
}

int main(int argc, char **argv)
{
	int ret;

	if (argc < 2) {
		fprintf(stderr, "usage: no-userns COMMAND [ARGUMENT...]\n");
		return 2;
	}
	ret = install();
	if (ret < 0) {
		fprintf(stderr, "no-userns: %s\n", strerror(-ret));
		return 2;
	}
	execvp(argv[1], argv + 1);
	perror(argv[1]);
	return 127;
}
