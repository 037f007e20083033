/*
 * What the host knows of a guest's memory: maps, smaps and the sums of
 * status, by descriptors that the procfs broker opens for us.
 *
 * The host's text names its own files; what the guest sees are the files it
 * mapped (mm/mapped.h), found by device and inode number. Lines of the stub's
 * window are left out. The stub can map anything, so that the text is the
 * truth of an enemy: it is parsed with care and shown to its owner only.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "gofer.h"
#include "lib/checked.h"
#include "lib/log.h"
#include "lib/msg.h"
#include "sentry/fs/proc/internal.h"
#include "sentry/fs/proc/proc.h"
#include "sentry/mm/mapped.h"
#include "sentry/time/timer.h"

#define BROKER_DEADLINE_MS 1000
#define HOST_TEXT_MAX      (32u << 20)

static int broker = -1;

void proc_set_broker(int host_fd)
{
	broker = host_fd;
}

static int give_up(const char *why)
{
	log_error("procfs broker: %s", why);
	close(broker);
	broker = -1;
	return -EIO;
}

/* Signals come to the sentry at any time; they are no reason to give up. */
static bool broker_answers(void)
{
	struct pollfd wait = {.fd = broker, .events = POLLIN};
	int64_t end = monotonic_now() + BROKER_DEADLINE_MS * INT64_C(1000000);
	int64_t left;
	int ret;

	do {
		left = (end - monotonic_now()) / 1000000;
		ret = poll(&wait, 1, left > 0 ? (int)left : 0);
	} while (ret < 0 && errno == EINTR);
	return ret == 1;
}

/* A descriptor for one of the host's files on a stub, or -errno. */
static int broker_open(pid_t host_tid, enum procbroker_file which)
{
	static uint64_t last_id;
	struct procbroker_request request = {
		.id = ++last_id,
		.tid = host_tid,
		.file = which,
	};
	struct procbroker_reply reply;
	size_t fd_count = 0;
	int fd = -1;
	ssize_t got;

	if (broker < 0)
		return -ENOENT;
	if (msg_send(broker, &request, sizeof(request), -1) < 0)
		return give_up("is gone");
	if (!broker_answers())
		return give_up("does not answer");
	got = msg_recv(broker, &reply, sizeof(reply), &fd, 1, &fd_count);
	if (got != (ssize_t)sizeof(reply) || reply.id != request.id ||
		(reply.error == 0) != (fd_count == 1)) {
		if (fd_count)
			close(fd);
		return give_up("sent what is no reply");
	}
	return reply.error ? -ESRCH : fd;
}

/* The whole file as a string, to be freed; NULL. */
static char *read_host_text(struct task *t, enum procbroker_file which)
{
	size_t space = 65536, size = 0;
	char *buf = NULL, *bigger;
	ssize_t got;
	int fd;

	if (!t->thread)
		return NULL;
	fd = broker_open(t->thread->host_tid, which);
	if (fd < 0)
		return NULL;
	for (;;) {
		bigger = realloc(buf, space + 1);
		if (!bigger)
			break;
		buf = bigger;
		while (size < space &&
			(got = read(fd, buf + size, space - size)) > 0)
			size += (size_t)got;
		if (size < space || space >= HOST_TEXT_MAX)
			break;
		space *= 2;
	}
	close(fd);
	if (buf)
		buf[size] = 0;
	return buf;
}

/* ---- maps -------------------------------------------------------------- */

struct map_line {
	unsigned long long start, end, off, ino;
	unsigned int major, minor;
	char prot[5];
	const char *name; /* within the line */
};

static bool parse_line(const char *line, struct map_line *map)
{
	int used = 0;

	if (sscanf(line, "%llx-%llx %4s %llx %x:%x %llu%n", &map->start,
		    &map->end, map->prot, &map->off, &map->major, &map->minor,
		    &map->ino, &used) != 7)
		return false;
	map->name = line + used + strspn(line + used, " ");
	return true;
}

static bool of_stub(const struct map_line *map)
{
	return map->start < STUB_WINDOW_END && map->end > STUB_WINDOW_START;
}

/* The guest's name for what is mapped: "[heap]" and the like stay. */
static void add_name(struct output *out, const struct map_line *map)
{
	char name[VFS_PATH_MAX];

	if (map->ino && mapped_name(makedev(map->major, map->minor), map->ino,
				name, sizeof(name)))
		output_printf(out, "%s", name);
	else if (map->name[0] == '[')
		output_printf(out, "%s", map->name);
}

static void add_map(struct output *out, const struct map_line *map)
{
	size_t start = out->size;
	unsigned long long ino = map->ino;

	output_printf(out, "%08llx-%08llx %s %08llx %02x:%02x %llu ",
		map->start, map->end, map->prot, map->off, map->major,
		map->minor, ino);
	if (map->ino || map->name[0] == '[') {
		while (out->size - start < 73 && !out->failed)
			output_add(out, " ", 1);
		add_name(out, map);
	}
	output_add(out, "\n", 1);
}

/* Calls for each line; the lines of a mapping stand behind its first. */
static int each_line(char *host_text, struct output *out, bool smaps)
{
	struct map_line map;
	bool hidden = false;
	char *line, *rest = host_text;

	while ((line = strsep(&rest, "\n")) && *line) {
		if (parse_line(line, &map)) {
			hidden = of_stub(&map);
			if (!hidden)
				add_map(out, &map);
		} else if (smaps && !hidden) {
			output_printf(out, "%s\n", line);
		}
	}
	return 0;
}

static int show(struct task *t, struct output *out, enum procbroker_file which)
{
	char *host_text = read_host_text(t, which);

	if (!host_text)
		return 0;
	each_line(host_text, out, which == PROCBROKER_SMAPS);
	free(host_text);
	return 0;
}

int proc_show_maps(struct task *t, struct output *out)
{
	return show(t, out, PROCBROKER_MAPS);
}

int proc_show_smaps(struct task *t, struct output *out)
{
	return show(t, out, PROCBROKER_SMAPS);
}

/* ---- status ------------------------------------------------------------ */

void proc_read_memory(struct task *t, struct proc_memory *m)
{
	const struct {
		const char *name;
		uint64_t *value;
	} rows[] = {
		{"VmPeak:", &m->peak},
		{"VmSize:", &m->size},
		{"VmLck:", &m->locked},
		{"VmHWM:", &m->hwm},
		{"VmRSS:", &m->rss},
		{"RssAnon:", &m->rss_anon},
		{"RssFile:", &m->rss_file},
		{"RssShmem:", &m->rss_shmem},
		{"VmData:", &m->data},
		{"VmStk:", &m->stack},
		{"VmExe:", &m->exe},
		{"VmLib:", &m->lib},
		{"VmPTE:", &m->pte},
		{"VmSwap:", &m->swap},
	};
	char *host_text = read_host_text(t, PROCBROKER_STATUS);
	char *line, *rest = host_text;

	while (rest && (line = strsep(&rest, "\n"))) {
		for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
			size_t length = strlen(rows[i].name);

			if (strncmp(line, rows[i].name, length) == 0)
				*rows[i].value = strtoull(
					line + length, NULL, 10);
		}
	}
	free(host_text);
}
