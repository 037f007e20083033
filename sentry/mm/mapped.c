/* The names of mapped files. */
#include "sentry/mm/mapped.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/checked.h"
#include "lib/hash.h"
#include "lib/host.h"
#include "lib/list.h"

#define BUCKETS 512

struct mapped {
	struct list chain;
	struct list age; /* newest last */
	dev_t dev;
	ino_t ino;
	char name[]; /* NUL-terminated */
};

static struct list buckets[BUCKETS];
static struct list by_age = LIST_INIT(by_age);
static size_t count;

static struct list *bucket_of(dev_t dev, ino_t ino)
{
	struct list *bucket = &buckets[hash_u64(dev * 31 + ino) % BUCKETS];

	if (!bucket->next)
		list_init(bucket);
	return bucket;
}

static struct mapped *find(dev_t dev, ino_t ino)
{
	struct mapped *m;

	list_for_each(m, bucket_of(dev, ino),
		chain) if (m->dev == dev && m->ino == ino) return m;
	return NULL;
}

static void drop(struct mapped *m)
{
	list_del(&m->chain);
	list_del(&m->age);
	count--;
	free(m);
}

bool mapped_known(int host_fd)
{
	struct stat st;

	return host_fstat(host_fd, &st) == 0 && find(st.st_dev, st.st_ino);
}

void mapped_note(int host_fd, const char *name)
{
	size_t size = strlen(name) + 1;
	struct mapped *m;
	struct stat st;

	if (host_fstat(host_fd, &st) < 0)
		return;
	m = find(st.st_dev, st.st_ino);
	if (m)
		drop(m);
	if (count >= MAPPED_LIMIT)
		drop(list_first(&by_age, struct mapped, age));
	m = malloc(sizeof(*m) + size);
	if (!m)
		return;
	m->dev = st.st_dev;
	m->ino = st.st_ino;
	memcpy(m->name, name, size);
	list_add(bucket_of(m->dev, m->ino), &m->chain);
	list_add_tail(&by_age, &m->age);
	count++;
}

bool mapped_name(dev_t dev, ino_t ino, char *buf, size_t size)
{
	struct mapped *m = find(dev, ino);

	if (m)
		snprintf(buf, size, "%s", m->name);
	return m;
}
