/*
 * The prototypes of the handlers, from table.def: long sys_NAME(struct task *,
 * one parameter for each tag).
 *
 * A handler returns a result or -errno; -ERESTART* stays inside the sentry and
 * is turned in one place. It holds the kernel lock and never sleeps: a call
 * that must wait is parked and tried again (kernel/task.h). It checks, copies
 * in and reserves first; then it commits, and nothing after that fails.
 */
#ifndef SENTRY_SYSCALLS_SYSCALLS_H
#define SENTRY_SYSCALLS_SYSCALLS_H

#include "sentry/syscalls/types.h"

/* sys_arg_FD and so on: the type of an argument with that tag. */
#define X(tag, type) typedef type sys_arg_##tag;
SYSCALL_TAGS(X)
#undef X

/* NONE(error) takes the declaration that follows it and drops it. */
#define DECLARE_FULL(name, ...) long sys_##name(__VA_ARGS__);
#define DECLARE_PART(name, ...) long sys_##name(__VA_ARGS__);
#define DECLARE_NONE(error)     DECLARE_NOTHING
#define DECLARE_NOTHING(...)

#define SYS0(nr, name, support, result, ...)                                   \
	DECLARE_##support(name, struct task *t)
#define SYS1(nr, name, support, result, a, ...)                                \
	DECLARE_##support(name, struct task *t, sys_arg_##a)
#define SYS2(nr, name, support, result, a, b, ...)                             \
	DECLARE_##support(name, struct task *t, sys_arg_##a, sys_arg_##b)
#define SYS3(nr, name, support, result, a, b, c, ...)                          \
	DECLARE_##support(                                                     \
		name, struct task *t, sys_arg_##a, sys_arg_##b, sys_arg_##c)
#define SYS4(nr, name, support, result, a, b, c, d, ...)                       \
	DECLARE_##support(name, struct task *t, sys_arg_##a, sys_arg_##b,      \
		sys_arg_##c, sys_arg_##d)
#define SYS5(nr, name, support, result, a, b, c, d, e, ...)                    \
	DECLARE_##support(name, struct task *t, sys_arg_##a, sys_arg_##b,      \
		sys_arg_##c, sys_arg_##d, sys_arg_##e)
#define SYS6(nr, name, support, result, a, b, c, d, e, f, ...)                 \
	DECLARE_##support(name, struct task *t, sys_arg_##a, sys_arg_##b,      \
		sys_arg_##c, sys_arg_##d, sys_arg_##e, sys_arg_##f)

#include SYSENT_TABLE

#undef SYS0
#undef SYS1
#undef SYS2
#undef SYS3
#undef SYS4
#undef SYS5
#undef SYS6
#undef DECLARE_FULL
#undef DECLARE_PART
#undef DECLARE_NONE
#undef DECLARE_NOTHING

#endif
