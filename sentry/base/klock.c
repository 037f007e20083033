/* The kernel lock. */
#include "sentry/base/klock.h"

#include <pthread.h>

static pthread_mutex_t kernel_lock = PTHREAD_MUTEX_INITIALIZER;

void klock(void)
{
	pthread_mutex_lock(&kernel_lock);
}

void kunlock(void)
{
	pthread_mutex_unlock(&kernel_lock);
}
