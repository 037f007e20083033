/*
 * The table of system calls and the wrappers between registers and handlers.
 *
 * Each call that is supported gets a function call_NAME() that takes the six
 * registers, converts each to the type of its tag, and calls sys_NAME(): no
 * function pointer is ever cast. With SYSENT_NAMES_ONLY there are no wrappers
 * and no handlers, only the descriptions.
 */
#include "sentry/syscalls/types.h"

#include <errno.h>

#ifdef SYSENT_NAMES_ONLY

#define CALL_FULL(function) NULL
#define CALL_PART(function) NULL

#else

#include "sentry/syscalls/syscalls.h"

#define CALL_FULL(function) function
#define CALL_PART(function) function

/* NONE(error) takes the wrapper that follows it and drops it. */
#define WRAP_FULL(...)      __VA_ARGS__
#define WRAP_PART(...)      __VA_ARGS__
#define WRAP_NONE(error)    WRAP_NOTHING
#define WRAP_NOTHING(...)
#define HEAD(name)                                                             \
	static long call_##name(                                               \
		struct task *t, const uint64_t v[SYSCALL_ARGS_MAX])

#define SYS0(nr, name, support, result, ...)                                   \
	WRAP_##support(HEAD(name) { return sys_##name(t); })
#define SYS1(nr, name, support, result, a, ...)                                \
	WRAP_##support(HEAD(name) { return sys_##name(t, (sys_arg_##a)v[0]); })
#define SYS2(nr, name, support, result, a, b, ...)                             \
	WRAP_##support(HEAD(name) {                                            \
		return sys_##name(t, (sys_arg_##a)v[0], (sys_arg_##b)v[1]);    \
	})
#define SYS3(nr, name, support, result, a, b, c, ...)                          \
	WRAP_##support(HEAD(name) {                                            \
		return sys_##name(t, (sys_arg_##a)v[0], (sys_arg_##b)v[1],     \
			(sys_arg_##c)v[2]);                                    \
	})
#define SYS4(nr, name, support, result, a, b, c, d, ...)                       \
	WRAP_##support(HEAD(name) {                                            \
		return sys_##name(t, (sys_arg_##a)v[0], (sys_arg_##b)v[1],     \
			(sys_arg_##c)v[2], (sys_arg_##d)v[3]);                 \
	})
#define SYS5(nr, name, support, result, a, b, c, d, e, ...)                    \
	WRAP_##support(HEAD(name) {                                            \
		return sys_##name(t, (sys_arg_##a)v[0], (sys_arg_##b)v[1],     \
			(sys_arg_##c)v[2], (sys_arg_##d)v[3],                  \
			(sys_arg_##e)v[4]);                                    \
	})
#define SYS6(nr, name, support, result, a, b, c, d, e, f, ...)                 \
	WRAP_##support(HEAD(name) {                                            \
		return sys_##name(t, (sys_arg_##a)v[0], (sys_arg_##b)v[1],     \
			(sys_arg_##c)v[2], (sys_arg_##d)v[3],                  \
			(sys_arg_##e)v[4], (sys_arg_##f)v[5]);                 \
	})

#include SYSENT_TABLE

#undef SYS0
#undef SYS1
#undef SYS2
#undef SYS3
#undef SYS4
#undef SYS5
#undef SYS6

#endif

#define CALL_NONE(error)  CALL_NOTHING
#define CALL_NOTHING(...) NULL

#define SUPPORT_OF_FULL      SUPPORT_FULL
#define SUPPORT_OF_PART      SUPPORT_PART
#define SUPPORT_OF_NONE(err) SUPPORT_NONE, .error = (err)

/* The note is what is left over, or nothing: a string literal either way. */
#define ROW(nr, row_name, level, callee, kind, count, text, ...)               \
	[nr] = {                                                               \
		.name = row_name,                                              \
		.note = text,                                                  \
		.support = level,                                              \
		.call = callee,                                                \
		.result = TAG_##kind,                                          \
		.args = count,                                                 \
		.tags = {__VA_ARGS__},                                         \
	},

#define SYS0(nr, name, support, result, ...)                                   \
	ROW(nr, #name, SUPPORT_OF_##support, CALL_##support(call_##name),      \
		result, 0, "" __VA_ARGS__, 0)
#define SYS1(nr, name, support, result, a, ...)                                \
	ROW(nr, #name, SUPPORT_OF_##support, CALL_##support(call_##name),      \
		result, 1, "" __VA_ARGS__, TAG_##a)
#define SYS2(nr, name, support, result, a, b, ...)                             \
	ROW(nr, #name, SUPPORT_OF_##support, CALL_##support(call_##name),      \
		result, 2, "" __VA_ARGS__, TAG_##a, TAG_##b)
#define SYS3(nr, name, support, result, a, b, c, ...)                          \
	ROW(nr, #name, SUPPORT_OF_##support, CALL_##support(call_##name),      \
		result, 3, "" __VA_ARGS__, TAG_##a, TAG_##b, TAG_##c)
#define SYS4(nr, name, support, result, a, b, c, d, ...)                       \
	ROW(nr, #name, SUPPORT_OF_##support, CALL_##support(call_##name),      \
		result, 4, "" __VA_ARGS__, TAG_##a, TAG_##b, TAG_##c, TAG_##d)
#define SYS5(nr, name, support, result, a, b, c, d, e, ...)                    \
	ROW(nr, #name, SUPPORT_OF_##support, CALL_##support(call_##name),      \
		result, 5, "" __VA_ARGS__, TAG_##a, TAG_##b, TAG_##c, TAG_##d, \
		TAG_##e)
#define SYS6(nr, name, support, result, a, b, c, d, e, f, ...)                 \
	ROW(nr, #name, SUPPORT_OF_##support, CALL_##support(call_##name),      \
		result, 6, "" __VA_ARGS__, TAG_##a, TAG_##b, TAG_##c, TAG_##d, \
		TAG_##e, TAG_##f)

static const struct sysent sysents[] = {
#include SYSENT_TABLE
};

#define SYSENT_COUNT (sizeof(sysents) / sizeof(sysents[0]))

const struct sysent *sysent_find(long nr)
{
	if (nr < 0 || (size_t)nr >= SYSENT_COUNT || sysents[nr].name == NULL)
		return NULL;
	return &sysents[nr];
}

long sysent_limit(void)
{
	return (long)SYSENT_COUNT;
}
