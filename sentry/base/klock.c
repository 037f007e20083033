/* The kernel lock. */
#include "config.h"

#include "sentry/base/klock.h"

#include <pthread.h>

#include "lib/log.h"

static pthread_mutex_t kernel_lock = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local int held;

void klock(void)
{
	pthread_mutex_lock(&kernel_lock);
	held++;
}

void kunlock(void)
{
	held--;
	pthread_mutex_unlock(&kernel_lock);
}

void klock_assert_held(void)
{
#ifdef SANDBOX_DEBUG
	BUG_ON(held != 1);
#endif
}
