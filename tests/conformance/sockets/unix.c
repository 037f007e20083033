/* Unix sockets: pairs, streams, datagrams, names, passed descriptors. */
#include "tests/conformance/harness.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

static int pair[2];

static void stream_pair(void)
{
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
}

static struct sockaddr_un address(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	strcpy(a.sun_path, path);
	return a;
}

static int listener(const char *path)
{
	struct sockaddr_un a = address(path);
	int fd = MUST(socket(AF_UNIX, SOCK_STREAM, 0));

	MUST(bind(fd, (void *)&a, sizeof(a)));
	MUST(listen(fd, 5));
	return fd;
}

CASE(pair_goes_both_ways)
{
	char text[10];

	stream_pair();
	EXPECT_EQ(write(pair[0], "abc", 3), 3);
	EXPECT_EQ(write(pair[0], "de", 2), 2);
	EXPECT_EQ(read(pair[1], text, 10), 5);
	EXPECT_EQ(send(pair[1], "x", 1, 0), 1);
	EXPECT_EQ(recv(pair[0], text, 10, 0), 1);
	EXPECT_ERRNO(recv(pair[0], text, 10, MSG_DONTWAIT), EAGAIN);
}

CASE(datagrams_keep_borders_and_truncate)
{
	char text[10];

	MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	MUST(send(pair[0], "abc", 3, 0));
	MUST(send(pair[0], "", 0, 0));
	MUST(send(pair[0], "defgh", 5, 0));
	EXPECT_EQ(recv(pair[1], text, 10, 0), 3);
	EXPECT_EQ(recv(pair[1], text, 10, 0), 0);
	EXPECT_EQ(recv(pair[1], text, 2, MSG_TRUNC), 5);
}

CASE(closing_is_end_of_file_and_epipe)
{
	char c;

	stream_pair();
	MUST(write(pair[0], "x", 1));
	close(pair[0]);
	EXPECT_EQ(read(pair[1], &c, 1), 1);
	EXPECT_EQ(read(pair[1], &c, 1), 0);
	EXPECT_ERRNO(send(pair[1], "x", 1, MSG_NOSIGNAL), EPIPE);
	conf_catch(SIGPIPE, 0);
	EXPECT_ERRNO(write(pair[1], "x", 1), EPIPE);
	EXPECT_EQ(conf_caught, 1);
}

CASE(shutdown_closes_one_direction)
{
	char c;

	stream_pair();
	EXPECT_OK(shutdown(pair[0], SHUT_WR));
	EXPECT_EQ(read(pair[1], &c, 1), 0);
	EXPECT_ERRNO(send(pair[0], "x", 1, MSG_NOSIGNAL), EPIPE);
	EXPECT_EQ(write(pair[1], "x", 1), 1);
	EXPECT_EQ(read(pair[0], &c, 1), 1);
	EXPECT_ERRNO(shutdown(pair[0], 9), EINVAL);
}

CASE(peek_leaves_and_waitall_waits)
{
	char text[10];

	stream_pair();
	MUST(write(pair[0], "abc", 3));
	EXPECT_EQ(recv(pair[1], text, 2, MSG_PEEK), 2);
	EXPECT_EQ(recv(pair[1], text, 3, MSG_WAITALL), 3);
	EXPECT_MEM(text, "abc", 3);
}

CASE(connect_accept_and_names)
{
	struct sockaddr_un a = address("s");
	socklen_t size = sizeof(a);
	int l = listener("s");
	int c = MUST(socket(AF_UNIX, SOCK_STREAM, 0));
	int s;
	char t;

	EXPECT_OK(connect(c, (void *)&a, sizeof(a)));
	EXPECT_EQ(write(c, "x", 1), 1);
	s = MUST(accept4(l, NULL, NULL, SOCK_CLOEXEC));
	EXPECT_EQ(fcntl(s, F_GETFD), FD_CLOEXEC);
	EXPECT_EQ(read(s, &t, 1), 1);
	EXPECT_OK(getpeername(c, (void *)&a, &size));
	EXPECT_STR(a.sun_path, "s");
	size = sizeof(a);
	EXPECT_OK(getsockname(c, (void *)&a, &size));
	EXPECT_EQ(size, sizeof(sa_family_t));
}

CASE(naming_errors)
{
	struct sockaddr_un a = address("s");
	int l = listener("s");
	int c = MUST(socket(AF_UNIX, SOCK_STREAM, 0));
	int d = MUST(socket(AF_UNIX, SOCK_DGRAM, 0));

	EXPECT_ERRNO(bind(c, (void *)&a, sizeof(a)), EADDRINUSE);
	EXPECT_ERRNO(connect(d, (void *)&a, sizeof(a)), EPROTOTYPE);
	a = address("missing");
	EXPECT_ERRNO(bind(l, (void *)&a, sizeof(a)), EINVAL);
	EXPECT_ERRNO(connect(c, (void *)&a, sizeof(a)), ENOENT);
	close(conf_file("file", ""));
	a = address("file");
	EXPECT_ERRNO(connect(c, (void *)&a, sizeof(a)), ECONNREFUSED);
	a.sun_family = AF_INET;
	EXPECT_ERRNO(connect(c, (void *)&a, sizeof(a)), EINVAL);
	EXPECT_ERRNO(bind(c, conf_unmapped(), 10), EFAULT);
	EXPECT_ERRNO(accept(c, NULL, NULL), EINVAL);
	EXPECT_ERRNO(listen(c, 5), EINVAL);
	EXPECT_ERRNO(getpeername(c, (void *)&a, &(socklen_t){10}), ENOTCONN);
	EXPECT_ERRNO(send(c, "x", 1, MSG_NOSIGNAL), ENOTCONN);
}

CASE(closed_listener_refuses)
{
	struct sockaddr_un a = address("s");
	int l = listener("s");

	close(l);
	EXPECT_ERRNO(connect(MUST(socket(AF_UNIX, SOCK_STREAM, 0)), (void *)&a,
			     sizeof(a)),
		ECONNREFUSED);
}

CASE(abstract_names_need_no_file)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	socklen_t size;
	int l = MUST(socket(AF_UNIX, SOCK_STREAM, 0));

	snprintf(a.sun_path + 1, 40, "conf-%d", getpid());
	size = offsetof(struct sockaddr_un, sun_path) + 1 +
	       strlen(a.sun_path + 1);
	EXPECT_OK(bind(l, (void *)&a, size));
	EXPECT_OK(listen(l, 1));
	EXPECT_OK(connect(
		MUST(socket(AF_UNIX, SOCK_STREAM, 0)), (void *)&a, size));
	EXPECT_ERRNO(connect(MUST(socket(AF_UNIX, SOCK_STREAM, 0)), (void *)&a,
			     size + 1),
		ECONNREFUSED);
}

static int send_fd(int socket, int fd)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {.h = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
	struct iovec v = {"f", 1};
	struct msghdr m = {.msg_iov = &v,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.room)};

	memcpy(CMSG_DATA(&control.h), &fd, sizeof(fd));
	return sendmsg(socket, &m, 0);
}

static int receive_fd(int socket, int flags)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {0};
	char c;
	struct iovec v = {&c, 1};
	struct msghdr m = {.msg_iov = &v,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.room)};
	int fd;

	if (recvmsg(socket, &m, flags) != 1 ||
		m.msg_controllen < CMSG_LEN(sizeof(int)))
		return -1;
	memcpy(&fd, CMSG_DATA(&control.h), sizeof(fd));
	return fd;
}

CASE(descriptors_travel)
{
	int fd = conf_file("f", "abc");
	int got;
	char c;

	stream_pair();
	EXPECT_EQ(send_fd(pair[0], fd), 1);
	close(fd);
	got = MUST(receive_fd(pair[1], MSG_CMSG_CLOEXEC));
	EXPECT_EQ(fcntl(got, F_GETFD), FD_CLOEXEC);
	EXPECT_EQ(read(got, &c, 1), 1);
	EXPECT_EQ(c, 'a');
	EXPECT_ERRNO(send_fd(pair[0], 9999), EBADF);
}

CASE(descriptors_in_flight_keep_a_pipe_open)
{
	int p[2];
	char c;

	stream_pair();
	MUST(pipe2(p, O_NONBLOCK));
	MUST(send_fd(pair[0], p[1]));
	close(p[1]);
	EXPECT_ERRNO(read(p[0], &c, 1), EAGAIN);
	close(pair[0]);
	close(pair[1]);
	EXPECT_EQ(read(p[0], &c, 1), 0);
}

CASE(peer_credentials_are_told)
{
	struct ucred u;
	socklen_t size = sizeof(u);

	stream_pair();
	EXPECT_OK(getsockopt(pair[0], SOL_SOCKET, SO_PEERCRED, &u, &size));
	EXPECT_EQ(u.pid, getpid());
	EXPECT_EQ(u.uid, geteuid());
}

CASE(options_tell_kind_and_state)
{
	int value = -1;
	socklen_t size = sizeof(value);

	stream_pair();
	EXPECT_OK(getsockopt(pair[0], SOL_SOCKET, SO_TYPE, &value, &size));
	EXPECT_EQ(value, SOCK_STREAM);
	EXPECT_OK(getsockopt(pair[0], SOL_SOCKET, SO_DOMAIN, &value, &size));
	EXPECT_EQ(value, AF_UNIX);
	EXPECT_OK(getsockopt(pair[0], SOL_SOCKET, SO_ERROR, &value, &size));
	EXPECT_EQ(value, 0);
	EXPECT_ERRNO(getsockopt(pair[0], SOL_SOCKET, 9999, &value, &size),
		ENOPROTOOPT);
	EXPECT_ERRNO(setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &value, 1),
		EINVAL);
	MUST(write(pair[1], "abc", 3));
	EXPECT_OK(ioctl(pair[0], FIONREAD, &value));
	EXPECT_EQ(value, 3);
}

CASE(receive_timeout_is_eagain)
{
	struct timeval t = {0, 30000};
	long long start = conf_now_ms();
	char c;

	stream_pair();
	EXPECT_OK(setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)));
	EXPECT_ERRNO(read(pair[0], &c, 1), EAGAIN);
	EXPECT_RANGE(conf_now_ms() - start, 29, 2000);
}

CASE(sequenced_packets_keep_borders)
{
	char text[10];

	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
	MUST(write(pair[0], "abc", 3));
	MUST(write(pair[0], "de", 2));
	EXPECT_EQ(read(pair[1], text, 10), 3);
	EXPECT_EQ(read(pair[1], text, 1), 1);
	close(pair[0]);
	EXPECT_EQ(read(pair[1], text, 10), 0);
}

CASE(creation_errors)
{
	int fd[2];

	EXPECT_ERRNO(socket(999, SOCK_STREAM, 0), EAFNOSUPPORT);
	EXPECT_ERRNO(socket(AF_UNIX, 99, 0), EINVAL);
	EXPECT_ERRNO(socket(AF_UNIX, SOCK_STREAM, 99), EPROTONOSUPPORT);
	EXPECT_ERRNO(socket(AF_UNIX, SOCK_RDM, 0), ESOCKTNOSUPPORT);
	EXPECT_ERRNO(socketpair(AF_INET, SOCK_STREAM, 0, fd), EOPNOTSUPP);
	EXPECT_ERRNO(
		socketpair(AF_UNIX, SOCK_STREAM, 0, conf_unmapped()), EFAULT);
	EXPECT_ERRNO(bind(conf_file("f", ""), NULL, 0), ENOTSOCK);
	EXPECT_ERRNO(send(9999, "x", 1, 0), EBADF);
}

CASE(poll_of_a_pair)
{
	struct pollfd p;

	stream_pair();
	p = (struct pollfd){pair[0], POLLIN | POLLOUT | POLLRDHUP, 0};
	EXPECT_EQ(poll(&p, 1, 0), 1);
	EXPECT_EQ(p.revents, POLLOUT);
	MUST(write(pair[1], "x", 1));
	EXPECT_EQ(poll(&p, 1, 0), 1);
	EXPECT_EQ(p.revents, POLLIN | POLLOUT);
	close(pair[1]);
	EXPECT_EQ(poll(&p, 1, 0), 1);
	EXPECT_EQ(p.revents, POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
}

CASE(sendmmsg_counts_what_went)
{
	char text[2][4] = {"one", "two"};
	struct iovec iov[2] = {{text[0], 3}, {text[1], 3}};
	struct mmsghdr messages[2] = {
		{.msg_hdr = {.msg_iov = &iov[0], .msg_iovlen = 1}},
		{.msg_hdr = {.msg_iov = &iov[1], .msg_iovlen = 1}},
	};
	char got[8];

	MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	EXPECT_EQ(sendmmsg(pair[0], messages, 2, 0), 2);
	EXPECT_EQ(messages[0].msg_len, 3);
	EXPECT_EQ(messages[1].msg_len, 3);
	EXPECT_EQ(recv(pair[1], got, sizeof(got), MSG_DONTWAIT), 3);
	EXPECT_MEM(got, "one", 3);
	EXPECT_EQ(recv(pair[1], got, sizeof(got), MSG_DONTWAIT), 3);
	EXPECT_MEM(got, "two", 3);
	EXPECT_EQ(sendmmsg(pair[0], messages, 0, 0), 0);
	EXPECT_ERRNO(sendmmsg(-1, messages, 1, 0), EBADF);
	EXPECT_ERRNO(sendmmsg(pair[0], conf_unmapped(), 1, 0), EFAULT);
}
