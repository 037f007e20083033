/*
 * What the platform tests' guest and their small sentry agree on. These
 * numbers are no system calls of Linux; on every platform they are notified.
 */
#ifndef TESTS_UNIT_PLATFORM_GUEST_H
#define TESTS_UNIT_PLATFORM_GUEST_H

#define GUEST_BASE        0x10000000ull
#define GUEST_STACKS      0x20000000ull /* 1 MiB, for threads */
#define GUEST_STACKS_SIZE 0x100000ull

#define CALL_SUM        1000 /* answers the sum of its six arguments */
#define CALL_INTERRUPT  1001 /* (ms): interrupt me then */
#define CALL_PARK       1002 /* (ms): answers -EINTR, stopped, then */
#define CALL_HANDLER    1003 /* (address): faults go there */
#define CALL_RESET_FP   1004 /* resets the extended state */
#define CALL_MAP_FILE   1005 /* (address, text): maps a file with it */
#define CALL_TRUE       1006 /* (value, line): value must not be 0 */
#define CALL_SEEN       1007 /* (nr): how often the sentry saw it */
#define CALL_STORE      1008 /* (index, value): for the test to look at */
#define CALL_ROUND_FP   1009 /* reads the extended state, puts it back */
#define CALL_EXIT_OTHER 1010 /* stops another thread and ends it */
#define CALL_FIRST      1000
#define CALL_WAIT       1011 /* until a process that nobody waited for dies */
#define CALL_LAST       1011

/* The test of every call: all but the last number, and the arguments. */
#define EVERY_CALL_END 480
#define HURT_0         0x61000
#define HURT_1         0x1000
#define HURT_2         (-1)
#define HURT_3         0xffffffff
#define HURT_4         0x70000
#define HURT_5         0x70000

/* What a guest's handler finds in its registers after an interrupt. */
#define INTERRUPT_MARK 0x1d1eull

#endif
