/* TCP and UDP on the loopback interface. */
#include "tests/conformance/harness.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

static struct sockaddr_in local(uint16_t port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static uint16_t port_of(int fd)
{
	struct sockaddr_in a;
	socklen_t size = sizeof(a);

	MUST(getsockname(fd, (void *)&a, &size));
	return ntohs(a.sin_port);
}

static int bound(int type)
{
	struct sockaddr_in a = local(0);
	int fd = MUST(socket(AF_INET, type, 0));

	MUST(bind(fd, (void *)&a, sizeof(a)));
	return fd;
}

static int ends[2];

static void connected(void)
{
	int l = bound(SOCK_STREAM);
	struct sockaddr_in a;

	MUST(listen(l, 5));
	a = local(port_of(l));
	ends[0] = MUST(socket(AF_INET, SOCK_STREAM, 0));
	MUST(connect(ends[0], (void *)&a, sizeof(a)));
	ends[1] = MUST(accept(l, NULL, NULL));
	close(l);
}

CASE(stream_carries_bytes_both_ways)
{
	char text[10];

	connected();
	EXPECT_EQ(write(ends[0], "hello", 5), 5);
	EXPECT_EQ(recv(ends[1], text, 5, MSG_WAITALL), 5);
	EXPECT_MEM(text, "hello", 5);
	EXPECT_EQ(write(ends[1], "x", 1), 1);
	EXPECT_EQ(read(ends[0], text, 10), 1);
}

CASE(binding_to_zero_chooses_a_port)
{
	int fd = bound(SOCK_STREAM);

	EXPECT(port_of(fd) >= 1024);
}

CASE(refused_when_nobody_listens)
{
	int fd = bound(SOCK_STREAM);
	struct sockaddr_in a = local(port_of(fd));
	int c = MUST(socket(AF_INET, SOCK_STREAM, 0));

	EXPECT_ERRNO(connect(c, (void *)&a, sizeof(a)), ECONNREFUSED);
}

CASE(address_in_use_unless_reused)
{
	int one = 1;
	int a = bound(SOCK_STREAM);
	int b = MUST(socket(AF_INET, SOCK_STREAM, 0));
	struct sockaddr_in name = local(port_of(a));

	EXPECT_ERRNO(bind(b, (void *)&name, sizeof(name)), EADDRINUSE);
	MUST(setsockopt(a, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)));
	MUST(setsockopt(b, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)));
	EXPECT_OK(bind(b, (void *)&name, sizeof(name)));
}

CASE(half_close_and_end_of_file)
{
	char c;

	connected();
	EXPECT_OK(shutdown(ends[0], SHUT_WR));
	EXPECT_EQ(read(ends[1], &c, 1), 0);
	EXPECT_EQ(write(ends[1], "x", 1), 1);
	EXPECT_EQ(read(ends[0], &c, 1), 1);
	close(ends[1]);
	EXPECT_EQ(read(ends[0], &c, 1), 0);
}

CASE(unread_data_at_close_resets)
{
	char c;

	connected();
	MUST(write(ends[0], "x", 1));
	WAIT_UNTIL(recv(ends[1], &c, 1, MSG_PEEK | MSG_DONTWAIT) == 1);
	close(ends[1]);
	EXPECT_ERRNO(read(ends[0], &c, 1), ECONNRESET);
}

CASE(nonblocking_connect_ends_in_writability)
{
	int l = bound(SOCK_STREAM);
	int c = MUST(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
	struct sockaddr_in a;
	struct pollfd p = {c, POLLOUT, 0};
	int error = -1;
	socklen_t size = sizeof(error);

	MUST(listen(l, 1));
	a = local(port_of(l));
	EXPECT_ERRNO(connect(c, (void *)&a, sizeof(a)), EINPROGRESS);
	EXPECT_EQ(poll(&p, 1, 1000), 1);
	EXPECT_OK(getsockopt(c, SOL_SOCKET, SO_ERROR, &error, &size));
	EXPECT_EQ(error, 0);
}

CASE(udp_carries_datagrams_with_their_sender)
{
	char text[10];
	struct sockaddr_in a;
	socklen_t size = sizeof(a);
	int s = bound(SOCK_DGRAM);
	int c = bound(SOCK_DGRAM);
	struct sockaddr_in to = local(port_of(s));

	EXPECT_EQ(sendto(c, "abc", 3, 0, (void *)&to, sizeof(to)), 3);
	EXPECT_EQ(recvfrom(s, text, 2, MSG_TRUNC, (void *)&a, &size), 3);
	EXPECT_EQ(ntohs(a.sin_port), port_of(c));
	EXPECT_EQ(size, sizeof(a));
}

CASE(udp_connected_refusal_is_told)
{
	int gone = bound(SOCK_DGRAM);
	struct sockaddr_in to = local(port_of(gone));
	int c = MUST(socket(AF_INET, SOCK_DGRAM, 0));
	char t;

	close(gone);
	MUST(connect(c, (void *)&to, sizeof(to)));
	EXPECT_EQ(send(c, "x", 1, 0), 1);
	EXPECT_ERRNO(recv(c, &t, 1, 0), ECONNREFUSED);
}

CASE(dual_stack_accepts_mapped_addresses)
{
	struct sockaddr_in6 any = {
		.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_ANY_INIT};
	struct sockaddr_in6 peer;
	socklen_t size = sizeof(any);
	struct sockaddr_in a;
	int l = socket(AF_INET6, SOCK_STREAM, 0);
	int c;

	if (l < 0)
		SKIP("no IPv6");
	MUST(bind(l, (void *)&any, sizeof(any)));
	MUST(listen(l, 1));
	MUST(getsockname(l, (void *)&any, &size));
	a = local(ntohs(any.sin6_port));
	c = MUST(socket(AF_INET, SOCK_STREAM, 0));
	EXPECT_OK(connect(c, (void *)&a, sizeof(a)));
	size = sizeof(peer);
	EXPECT_OK(accept(l, (void *)&peer, &size));
	EXPECT(IN6_IS_ADDR_V4MAPPED(&peer.sin6_addr));
}

CASE(tcp_options_are_kept)
{
	int value = 1;
	socklen_t size = sizeof(value);
	int fd = MUST(socket(AF_INET, SOCK_STREAM, 0));

	EXPECT_OK(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, size));
	value = 0;
	EXPECT_OK(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, &size));
	EXPECT_EQ(value, 1);
	value = 20000;
	EXPECT_OK(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &value, size));
	EXPECT_OK(getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &value, &size));
	EXPECT_EQ(value, 40000);
	EXPECT_ERRNO(
		setsockopt(fd, IPPROTO_TCP, 9999, &value, size), ENOPROTOOPT);
}

CASE(errors)
{
	struct sockaddr_in a = local(1);
	int fd = MUST(socket(AF_INET, SOCK_STREAM, 0));
	char c;

	EXPECT_ERRNO(bind(fd, (void *)&a, 4), EINVAL);
	a.sin_family = 77;
	EXPECT_ERRNO(bind(fd, (void *)&a, sizeof(a)), EAFNOSUPPORT);
	EXPECT_ERRNO(read(fd, &c, 1), ENOTCONN);
	EXPECT_ERRNO(accept(fd, NULL, NULL), EINVAL);
	EXPECT_ERRNO(shutdown(fd, SHUT_RD), ENOTCONN);
	EXPECT_ERRNO(
		socket(AF_INET, SOCK_STREAM, IPPROTO_UDP), EPROTONOSUPPORT);
}
