/* Credentials: allocation and the two questions everybody asks. */
#include "sentry/base/cred.h"

#include <stdlib.h>
#include <string.h>

#include "lib/checked.h"

static int compare_gid(const void *a, const void *b)
{
	gid_t x = *(const gid_t *)a;
	gid_t y = *(const gid_t *)b;

	return x < y ? -1 : x > y;
}

static bool set_groups(struct cred *cred, const gid_t *groups, size_t count)
{
	if (count == 0)
		return true;
	if (count > NGROUPS_LIMIT)
		return false;
	cred->groups = alloc_array(count, sizeof(*groups));
	if (!cred->groups)
		return false;
	memcpy(cred->groups, groups, count * sizeof(*groups));
	qsort(cred->groups, count, sizeof(*groups), compare_gid);
	cred->group_count = count;
	return true;
}

struct cred *cred_new(uid_t uid, gid_t gid, const gid_t *groups, size_t count)
{
	struct cred *cred = alloc_zero(cred);

	if (!cred)
		return NULL;
	ref_init(&cred->ref);
	cred->uid = cred->euid = cred->suid = cred->fsuid = uid;
	cred->gid = cred->egid = cred->sgid = cred->fsgid = gid;
	cred->cap_bounding = CAP_FULL_SET;
	if (uid == 0) {
		cred->cap_permitted = CAP_FULL_SET;
		cred->cap_effective = CAP_FULL_SET;
	}
	if (!set_groups(cred, groups, count)) {
		free(cred);
		return NULL;
	}
	return cred;
}

struct cred *cred_copy(const struct cred *cred)
{
	struct cred *copy = malloc(sizeof(*copy));

	if (!copy)
		return NULL;
	*copy = *cred;
	ref_init(&copy->ref);
	copy->groups = NULL;
	copy->group_count = 0;
	if (!set_groups(copy, cred->groups, cred->group_count)) {
		free(copy);
		return NULL;
	}
	return copy;
}

struct cred *cred_get(struct cred *cred)
{
	ref_get(&cred->ref);
	return cred;
}

void cred_put(struct cred *cred)
{
	if (!cred || !ref_put(&cred->ref))
		return;
	free(cred->groups);
	free(cred);
}

bool cred_capable(const struct cred *cred, int cap)
{
	return cap >= 0 && cap < 64 && (cred->cap_effective >> cap & 1);
}

bool cred_in_group(const struct cred *cred, gid_t gid)
{
	if (gid == cred->fsgid)
		return true;
	return cred->group_count &&
	       bsearch(&gid, cred->groups, cred->group_count, sizeof(gid),
		       compare_gid);
}
