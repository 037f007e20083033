/*
 * The kernel lock: one lock for the whole sentry.
 *
 * Whoever handles an event, a timer or the readiness of a host descriptor
 * holds it; every function of the sentry is called with it unless its header
 * says otherwise. The transport delivers one call at a time, so a finer lock
 * would buy nothing yet (ARCHITECTURE.md, "Where we left the design"). It is
 * never held while waiting for a guest.
 */
#ifndef SENTRY_BASE_KLOCK_H
#define SENTRY_BASE_KLOCK_H

void klock(void);
void kunlock(void);

#endif
