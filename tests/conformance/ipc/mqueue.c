/* POSIX message queues and shared memory objects. */
#include "tests/conformance/harness.h"

#include <mqueue.h>

static char name[40];

static mqd_t queue(int flags, long count, long size)
{
	struct mq_attr a = {.mq_maxmsg = count, .mq_msgsize = size};

	snprintf(name, sizeof(name), "/conf-%d", getpid());
	return mq_open(name, O_CREAT | O_RDWR | flags, 0600, &a);
}

CASE(highest_priority_comes_first)
{
	char text[32];
	unsigned int priority = 0;
	mqd_t q = MUST(queue(O_NONBLOCK, 4, 32));

	EXPECT_OK(mq_send(q, "low", 3, 1));
	EXPECT_OK(mq_send(q, "high", 4, 9));
	EXPECT_OK(mq_send(q, "high2", 5, 9));
	EXPECT_EQ(mq_receive(q, text, 32, &priority), 4);
	EXPECT_EQ(priority, 9);
	EXPECT_EQ(mq_receive(q, text, 32, &priority), 5);
	EXPECT_EQ(mq_receive(q, text, 32, &priority), 3);
	EXPECT_ERRNO(mq_receive(q, text, 32, NULL), EAGAIN);
	EXPECT_OK(mq_unlink(name));
}

CASE(limits_and_errors)
{
	char text[32];
	mqd_t q = MUST(queue(O_NONBLOCK, 1, 8));

	EXPECT_ERRNO(mq_send(q, text, 9, 0), EMSGSIZE);
	EXPECT_ERRNO(mq_receive(q, text, 7, NULL), EMSGSIZE);
	EXPECT_OK(mq_send(q, text, 8, 0));
	EXPECT_ERRNO(mq_send(q, text, 8, 0), EAGAIN);
	EXPECT_ERRNO(mq_send(q, text, 1, 99999), EINVAL);
	EXPECT_ERRNO(queue(O_EXCL, 1, 8), EEXIST);
	EXPECT_OK(mq_unlink(name));
	EXPECT_ERRNO(mq_unlink(name), ENOENT);
	EXPECT_ERRNO(mq_open(name, O_RDONLY), ENOENT);
}

CASE(timed_receive_times_out)
{
	struct timespec t;
	char text[8];
	mqd_t q = MUST(queue(0, 1, 8));

	clock_gettime(CLOCK_REALTIME, &t);
	EXPECT_ERRNO(mq_timedreceive(q, text, 8, NULL, &t), ETIMEDOUT);
	mq_unlink(name);
}

CASE(queue_can_be_polled)
{
	mqd_t q = MUST(queue(0, 1, 8));
	struct pollfd p = {q, POLLIN | POLLOUT, 0};

	EXPECT_EQ(poll(&p, 1, 0), 1);
	EXPECT_EQ(p.revents, POLLOUT);
	MUST(mq_send(q, "x", 1, 0));
	EXPECT_EQ(poll(&p, 1, 0), 1);
	EXPECT_EQ(p.revents, POLLIN);
	mq_unlink(name);
}

CASE(shm_open_makes_shared_memory)
{
	char *a;
	char *b;
	int fd;

	snprintf(name, sizeof(name), "/conf-shm-%d", getpid());
	fd = MUST(shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0600));
	EXPECT_OK(ftruncate(fd, 4096));
	a = MUST((char *)mmap(
		NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	fd = MUST(shm_open(name, O_RDWR, 0));
	b = MUST((char *)mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0));
	a[7] = 'x';
	EXPECT_EQ(b[7], 'x');
	EXPECT_OK(shm_unlink(name));
	EXPECT_ERRNO(shm_open(name, O_RDWR, 0), ENOENT);
}
