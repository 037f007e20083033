/*
 * Credentials (credentials(7), capabilities(7)).
 *
 * A struct cred is counted and never changed once a second holder exists:
 * whoever changes one makes a copy with cred_copy() first.
 */
#ifndef SENTRY_BASE_CRED_H
#define SENTRY_BASE_CRED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/ref.h"

#define NGROUPS_LIMIT 65536
#define CAP_FULL_SET                                                           \
	((UINT64_C(1) << 41) - 1) /* CAP_CHECKPOINT_RESTORE + 1                \
				   */

struct cred {
	struct ref ref;
	uid_t uid, euid, suid, fsuid;
	gid_t gid, egid, sgid, fsgid;
	uint64_t cap_effective;
	uint64_t cap_permitted;
	uint64_t cap_inheritable;
	uint64_t cap_bounding;
	uint64_t cap_ambient;
	unsigned int securebits;
	size_t group_count;
	gid_t *groups; /* owned, sorted */
};

/* NULL without memory. All ids set; euid 0 gets every capability. */
struct cred *cred_new(uid_t uid, gid_t gid, const gid_t *groups, size_t count);
struct cred *cred_copy(const struct cred *cred);
struct cred *cred_get(struct cred *cred);
void cred_put(struct cred *cred);

/* In the effective set? cap is a CAP_ number of <linux/capability.h>. */
bool cred_capable(const struct cred *cred, int cap);
/* fsgid or one of the supplementary groups. */
bool cred_in_group(const struct cred *cred, gid_t gid);

#endif
