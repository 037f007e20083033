/* inotify: which changes are told, in which order, with which cookies. */
#include "tests/conformance/harness.h"

#include <sys/inotify.h>
#include <sys/ioctl.h>

/* Reads all events there are; returns how many. */
static int drain(int fd, struct inotify_event **events, char *buffer)
{
	ssize_t size = read(fd, buffer, 4096);
	int count = 0;

	for (ssize_t at = 0; at < size;) {
		struct inotify_event *e = (void *)(buffer + at);

		events[count++] = e;
		at += sizeof(*e) + e->len;
	}
	return count;
}

static char buffer[4096] __attribute__((aligned(8)));
static struct inotify_event *event[100];

CASE(creating_and_removing_in_a_watched_folder)
{
	int fd = MUST(inotify_init1(IN_NONBLOCK));
	int wd = MUST(inotify_add_watch(fd, ".", IN_CREATE | IN_DELETE));

	close(conf_file("f", ""));
	MUST(mkdir("d", 0755));
	MUST(unlink("f"));
	REQUIRE(drain(fd, event, buffer) == 3);
	EXPECT_EQ(event[0]->wd, wd);
	EXPECT_EQ(event[0]->mask, IN_CREATE);
	EXPECT_STR(event[0]->name, "f");
	EXPECT_EQ(event[0]->len, 16);
	EXPECT_EQ(event[1]->mask, IN_CREATE | IN_ISDIR);
	EXPECT_EQ(event[2]->mask, IN_DELETE);
	EXPECT_ERRNO(read(fd, buffer, sizeof(buffer)), EAGAIN);
}

CASE(rename_is_two_events_with_one_cookie)
{
	int fd = MUST(inotify_init1(IN_NONBLOCK));

	close(conf_file("a", ""));
	MUST(inotify_add_watch(fd, ".", IN_MOVE));
	MUST(rename("a", "b"));
	REQUIRE(drain(fd, event, buffer) == 2);
	EXPECT_EQ(event[0]->mask, IN_MOVED_FROM);
	EXPECT_EQ(event[1]->mask, IN_MOVED_TO);
	EXPECT(event[0]->cookie != 0);
	EXPECT_EQ(event[0]->cookie, event[1]->cookie);
	EXPECT_STR(event[1]->name, "b");
}

CASE(life_of_a_watched_file)
{
	static const uint32_t want[] = {IN_OPEN, IN_MODIFY, IN_ATTRIB,
		IN_CLOSE_WRITE, IN_ATTRIB, IN_DELETE_SELF, IN_IGNORED};
	int fd = MUST(inotify_init1(IN_NONBLOCK));
	int count;
	int file;

	close(conf_file("f", ""));
	MUST(inotify_add_watch(fd, "f", IN_ALL_EVENTS));
	file = MUST(open("f", O_WRONLY));
	MUST(write(file, "x", 1));
	MUST(fchmod(file, 0600));
	close(file);
	MUST(unlink("f"));
	count = drain(fd, event, buffer);
	EXPECT_EQ(count, 7);
	for (int i = 0; i < count && i < 7; i++)
		EXPECT_EQ(event[i]->mask, want[i]);
}

CASE(equal_events_in_a_row_are_one)
{
	int fd = MUST(inotify_init1(IN_NONBLOCK));
	int file = conf_file("f", "");

	MUST(inotify_add_watch(fd, "f", IN_MODIFY));
	for (int i = 0; i < 5; i++)
		MUST(write(file, "x", 1));
	EXPECT_EQ(drain(fd, event, buffer), 1);
}

CASE(removing_a_watch_says_ignored)
{
	int fd = MUST(inotify_init1(IN_NONBLOCK));
	int wd = MUST(inotify_add_watch(fd, ".", IN_CREATE));

	EXPECT_OK(inotify_rm_watch(fd, wd));
	REQUIRE(drain(fd, event, buffer) == 1);
	EXPECT_EQ(event[0]->mask, IN_IGNORED);
	EXPECT_ERRNO(inotify_rm_watch(fd, wd), EINVAL);
}

CASE(one_watch_per_file_and_descriptor)
{
	int fd = MUST(inotify_init1(IN_NONBLOCK));
	int wd = MUST(inotify_add_watch(fd, ".", IN_CREATE));

	EXPECT_EQ(inotify_add_watch(fd, "./.", IN_DELETE), wd);
	close(conf_file("f", ""));
	EXPECT_ERRNO(read(fd, buffer, sizeof(buffer)), EAGAIN);
	EXPECT_EQ(inotify_add_watch(fd, ".", IN_CREATE | IN_MASK_ADD), wd);
	EXPECT_ERRNO(
		inotify_add_watch(fd, ".", IN_CREATE | IN_MASK_CREATE), EEXIST);
}

CASE(oneshot_ends_after_the_first)
{
	int fd = MUST(inotify_init1(IN_NONBLOCK));

	MUST(inotify_add_watch(fd, ".", IN_CREATE | IN_ONESHOT));
	close(conf_file("f", ""));
	close(conf_file("g", ""));
	REQUIRE(drain(fd, event, buffer) == 2);
	EXPECT_EQ(event[0]->mask, IN_CREATE);
	EXPECT_EQ(event[1]->mask, IN_IGNORED);
}

CASE(buffer_for_less_than_an_event_is_einval)
{
	int count = 0;
	int fd = MUST(inotify_init1(IN_NONBLOCK));

	MUST(inotify_add_watch(fd, ".", IN_CREATE));
	close(conf_file("f", ""));
	EXPECT_OK(ioctl(fd, FIONREAD, &count));
	EXPECT_EQ(count, 32);
	EXPECT_ERRNO(read(fd, buffer, 16), EINVAL);
	EXPECT_EQ(read(fd, buffer, 32), 32);
}

CASE(errors)
{
	int fd = MUST(inotify_init1(0));

	close(conf_file("f", ""));
	EXPECT_ERRNO(inotify_init1(1), EINVAL);
	EXPECT_ERRNO(inotify_add_watch(fd, "missing", IN_CREATE), ENOENT);
	EXPECT_ERRNO(inotify_add_watch(fd, ".", 0), EINVAL);
	EXPECT_ERRNO(
		inotify_add_watch(fd, "f", IN_CREATE | IN_ONLYDIR), ENOTDIR);
	EXPECT_ERRNO(inotify_add_watch(fd, conf_unmapped(), 1), EFAULT);
	EXPECT_ERRNO(inotify_add_watch(-1, ".", 1), EBADF);
	EXPECT_ERRNO(inotify_add_watch(0, ".", 1), EINVAL);
	EXPECT_ERRNO(inotify_rm_watch(fd, 99), EINVAL);
}

CASE(readable_when_there_is_news)
{
	struct pollfd p;
	int fd = MUST(inotify_init1(0));

	MUST(inotify_add_watch(fd, ".", IN_CREATE));
	p = (struct pollfd){fd, POLLIN, 0};
	EXPECT_EQ(poll(&p, 1, 0), 0);
	close(conf_file("f", ""));
	EXPECT_EQ(poll(&p, 1, 1000), 1);
}

CASE(inotify_init_has_no_flags)
{
	int fd = inotify_init();

	EXPECT(fd >= 0);
	EXPECT_EQ(fcntl(fd, F_GETFD), 0);
	EXPECT_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
}
