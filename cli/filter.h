/* What a seccomp filter, read back from a process, does with each call. */
#ifndef CLI_FILTER_H
#define CLI_FILTER_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

#define FILTER_ALLOW  (1u << 0)
#define FILTER_NOTIFY (1u << 1)
#define FILTER_TRAP   (1u << 2)
#define FILTER_ERRNO  (1u << 3)
#define FILTER_KILL   (1u << 4)
#define FILTER_OTHER  (1u << 5)

/*
 * The actions that some arguments of x86-64 call nr can lead to: both ways of
 * every jump that depends on more than architecture and number are followed.
 */
unsigned int filter_actions(
	const struct sock_filter *code, size_t count, uint32_t nr);

#endif
