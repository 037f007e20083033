/*
 * Whole messages, and descriptors, over a SOCK_SEQPACKET Unix socket.
 *
 * One message is one send and one receive. What arrives is the other side's
 * choice: a message that is too long or carries more descriptors than asked
 * for is refused, and every descriptor that came with it is closed.
 */
#ifndef LIB_MSG_H
#define LIB_MSG_H

#include <stddef.h>
#include <sys/types.h>

#define MSG_FDS_MAX 8

/*
 * Sends size bytes and, unless it is -1, a descriptor, which stays the
 * caller's. 0, or -errno: -EPIPE when the other side is gone (no SIGPIPE).
 */
int msg_send(int sock, const void *buf, size_t size, int host_fd);

/*
 * Receives one message of at most size bytes with at most fd_max descriptors
 * (<= MSG_FDS_MAX), which are close-on-exec and the caller's; their number is
 * in *fd_count. Bytes received, 0 when the other side is gone, or -errno:
 * -EMSGSIZE too long, -EPROTO too many descriptors or other control data,
 * -EAGAIN when the socket has a timeout and it passed. On error no descriptor
 * is left.
 */
ssize_t msg_recv(int sock, void *buf, size_t size, int *fds, size_t fd_max,
	size_t *fd_count);

/*
 * Makes the pair of connected sockets that the functions above expect, both
 * close-on-exec. 0 or -errno.
 */
int msg_pair(int socks[2]);

#endif
