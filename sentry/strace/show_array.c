/*
 * Guest structures whose size the guest chooses: arrays, iovecs, addresses and
 * messages of sockets, argument lists.
 */
#include "sentry/strace/show.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "sentry/strace/xlat.h"

void show_array(struct text *t, struct mm *mm, uaddr_t addr, uint64_t count,
	size_t size, show_fn *show)
{
	char probe;

	if (count != 0 &&
		(addr == 0 || copy_in_some(mm, &probe, addr, 1) != 1)) {
		text_pointer(t, addr);
		return;
	}
	text_puts(t, "[");
	for (uint64_t i = 0; i < count; i++) {
		if (i != 0)
			text_puts(t, ", ");
		if (i == STRACE_ARRAY_MAX) {
			text_puts(t, "...");
			break;
		}
		show(t, mm, addr + i * size);
	}
	text_puts(t, "]");
}

void show_iov(struct text *t, struct mm *mm, uaddr_t addr, uint64_t count,
	uint64_t data)
{
	struct iovec iov;

	if (count != 0 && !copy_in_some(mm, &iov, addr, sizeof(iov))) {
		text_pointer(t, addr);
		return;
	}
	text_puts(t, "[");
	for (uint64_t i = 0; i < count; i++) {
		uint64_t size;

		if (i != 0)
			text_puts(t, ", ");
		if (i == STRACE_ARRAY_MAX) {
			text_puts(t, "...");
			break;
		}
		if (!text_guest_struct(
			    t, mm, &iov, addr + i * sizeof(iov), sizeof(iov)))
			break;
		size = iov.iov_len < data ? iov.iov_len : data;
		text_puts(t, "{iov_base=");
		text_guest_bytes(t, mm, (uaddr_t)(uintptr_t)iov.iov_base, size);
		text_printf(t, ", iov_len=%zu}", iov.iov_len);
		if (data != UINT64_MAX)
			data -= size;
	}
	text_puts(t, "]");
}

/* ---- Sockets ------------------------------------------------------------ */

static void unix_address(
	struct text *t, const struct sockaddr_un *un, size_t size)
{
	size_t path = size - offsetof(struct sockaddr_un, sun_path);

	text_puts(t, "{sa_family=AF_UNIX");
	if (path == 0) {
		text_puts(t, "}");
		return;
	}
	text_puts(t, ", sun_path=");
	if (un->sun_path[0] == '\0') {
		text_puts(t, "@");
		text_quoted(t, un->sun_path + 1, path - 1, false);
	} else {
		text_quoted(
			t, un->sun_path, strnlen(un->sun_path, path), false);
	}
	text_puts(t, "}");
}

static void inet_address(struct text *t, const struct sockaddr_storage *ss)
{
	char buf[INET6_ADDRSTRLEN];

	if (ss->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)ss;

		inet_ntop(AF_INET, &in->sin_addr, buf, sizeof(buf));
		text_printf(t,
			"{sa_family=AF_INET, sin_port=htons(%u), "
			"sin_addr=inet_addr(\"%s\")}",
			ntohs(in->sin_port), buf);
	} else {
		const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)ss;

		inet_ntop(AF_INET6, &in->sin6_addr, buf, sizeof(buf));
		text_printf(t,
			"{sa_family=AF_INET6, sin6_port=htons(%u), "
			"sin6_flowinfo=htonl(%u), inet_pton(AF_INET6, "
			"\"%s\", &sin6_addr), sin6_scope_id=%u}",
			ntohs(in->sin6_port), ntohl(in->sin6_flowinfo), buf,
			in->sin6_scope_id);
	}
}

void show_sockaddr(struct text *t, struct mm *mm, uaddr_t addr, uint64_t size)
{
	struct sockaddr_storage ss;

	if (size > sizeof(ss))
		size = sizeof(ss);
	memset(&ss, 0, sizeof(ss));
	if (size < sizeof(ss.ss_family)) {
		text_pointer(t, addr);
		return;
	}
	if (!text_guest_struct(t, mm, &ss, addr, size))
		return;
	if (ss.ss_family == AF_UNIX) {
		if (size > sizeof(struct sockaddr_un))
			size = sizeof(struct sockaddr_un);
		unix_address(t, (const struct sockaddr_un *)&ss, size);
	} else if ((ss.ss_family == AF_INET &&
			   size >= sizeof(struct sockaddr_in)) ||
		   (ss.ss_family == AF_INET6 &&
			   size >= sizeof(struct sockaddr_in6))) {
		inet_address(t, &ss);
	} else if (ss.ss_family == AF_NETLINK &&
		   size >= sizeof(struct sockaddr_nl)) {
		const struct sockaddr_nl *nl = (const struct sockaddr_nl *)&ss;

		text_printf(t,
			"{sa_family=AF_NETLINK, nl_pid=%u, nl_groups=%#08x}",
			nl->nl_pid, nl->nl_groups);
	} else {
		text_puts(t, "{sa_family=");
		text_names(t, TAG_SOCK_DOMAIN, ss.ss_family);
		text_puts(t, ", sa_data=");
		text_quoted(t, (const char *)&ss + 2, size - 2, false);
		text_puts(t, "}");
	}
}

/* Ancillary data: the descriptors and credentials in it. */
static void control(struct text *t, struct mm *mm, uaddr_t addr, size_t size)
{
	unsigned char bytes[512];
	const char *separator = "";
	size_t off = 0;

	if (size > sizeof(bytes))
		size = sizeof(bytes);
	if (!text_guest_struct(t, mm, bytes, addr, size))
		return;
	text_puts(t, "[");
	while (size - off >= sizeof(struct cmsghdr)) {
		struct cmsghdr h;
		size_t data;

		memcpy(&h, bytes + off, sizeof(h));
		if (h.cmsg_len < sizeof(h) || h.cmsg_len > size - off)
			break;
		data = h.cmsg_len - sizeof(h);
		text_printf(t, "%s{cmsg_len=%zu, cmsg_level=", separator,
			h.cmsg_len);
		text_names(t, TAG_SOCK_LEVEL, (uint32_t)h.cmsg_level);
		text_puts(t, ", cmsg_type=");
		text_names(t, XLAT_CMSG, (uint32_t)h.cmsg_type);
		if (h.cmsg_level == SOL_SOCKET && h.cmsg_type == SCM_RIGHTS) {
			text_puts(t, ", cmsg_data=[");
			for (size_t i = 0; i + 4 <= data; i += 4) {
				int32_t fd;

				memcpy(&fd, bytes + off + sizeof(h) + i, 4);
				text_printf(t, "%s%d", i ? ", " : "", fd);
			}
			text_puts(t, "]");
		}
		text_puts(t, "}");
		separator = ", ";
		if (CMSG_ALIGN(h.cmsg_len) > size - off)
			break;
		off += CMSG_ALIGN(h.cmsg_len);
	}
	text_puts(t, "]");
}

void show_msghdr(struct text *t, struct mm *mm, uaddr_t addr, uint64_t data)
{
	struct msghdr m;

	if (!text_guest_struct(t, mm, &m, addr, sizeof(m)))
		return;
	text_puts(t, "{msg_name=");
	if (m.msg_name == NULL || m.msg_namelen == 0)
		text_pointer(t, (uaddr_t)(uintptr_t)m.msg_name);
	else
		show_sockaddr(
			t, mm, (uaddr_t)(uintptr_t)m.msg_name, m.msg_namelen);
	text_printf(t, ", msg_namelen=%u, msg_iov=", m.msg_namelen);
	show_iov(t, mm, (uaddr_t)(uintptr_t)m.msg_iov, m.msg_iovlen, data);
	text_printf(t, ", msg_iovlen=%zu", m.msg_iovlen);
	if (m.msg_controllen != 0) {
		text_puts(t, ", msg_control=");
		control(t, mm, (uaddr_t)(uintptr_t)m.msg_control,
			m.msg_controllen);
	}
	text_printf(t, ", msg_controllen=%zu, msg_flags=", m.msg_controllen);
	text_names(t, TAG_MSG_FLAGS, (uint32_t)m.msg_flags);
	text_puts(t, "}");
}

void show_mmsghdr(struct text *t, struct mm *mm, uaddr_t addr, uint64_t count,
	bool received)
{
	text_puts(t, "[");
	for (uint64_t i = 0; i < count && !t->cut; i++) {
		uaddr_t at = addr + i * sizeof(struct mmsghdr);
		uint32_t size;

		if (i != 0)
			text_puts(t, ", ");
		if (i == STRACE_ARRAY_MAX) {
			text_puts(t, "...");
			break;
		}
		if (!text_guest_struct(t, mm, &size,
			    at + offsetof(struct mmsghdr, msg_len),
			    sizeof(size)))
			break;
		text_puts(t, "{msg_hdr=");
		show_msghdr(t, mm, at, received ? size : UINT64_MAX);
		if (received)
			text_printf(t, ", msg_len=%u", size);
		text_puts(t, "}");
	}
	text_puts(t, "]");
}

/* ---- Argument lists ----------------------------------------------------- */

void show_strings(struct text *t, struct mm *mm, uaddr_t addr)
{
	uint64_t pointer;

	if (addr == 0 || copy_in_some(mm, &pointer, addr, 8) != 8) {
		text_pointer(t, addr);
		return;
	}
	text_puts(t, "[");
	for (size_t i = 0; pointer != 0; i++) {
		if (i != 0)
			text_puts(t, ", ");
		if (i == STRACE_ARRAY_MAX) {
			text_puts(t, "...");
			break;
		}
		text_guest_string(t, mm, pointer, STRACE_STRING_MAX);
		addr += 8;
		if (copy_in_some(mm, &pointer, addr, 8) != 8) {
			text_puts(t, ", ");
			text_pointer(t, addr);
			break;
		}
	}
	text_puts(t, "]");
}

void show_env_count(struct text *t, struct mm *mm, uaddr_t addr)
{
	/* Bounded: a guest can make an endless list by mapping a page often. */
	const size_t limit = 65536;
	uint64_t page[64];
	size_t count = 0;
	size_t got;

	text_pointer(t, addr);
	if (addr == 0)
		return;
	do {
		got = copy_in_some(mm, page, addr + count * 8, sizeof(page)) /
		      8;
		for (size_t i = 0; i < got; i++) {
			if (page[i] == 0) {
				text_printf(t, " /* %zu vars */", count);
				return;
			}
			count++;
		}
	} while (got == 64 && count < limit);
	text_puts(t, " /* unterminated */");
}
