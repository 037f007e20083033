/*
 * Unix sockets (unix(7)): streams, sequenced packets and datagrams.
 */
#ifndef SENTRY_NET_UNIX_UNIX_H
#define SENTRY_NET_UNIX_UNIX_H

struct socket;

/* type: SOCK_STREAM, SOCK_DGRAM, SOCK_RAW (a datagram) or SOCK_SEQPACKET.
 * -ESOCKTNOSUPPORT, -EPROTONOSUPPORT, -ENOMEM. */
int unix_socket_new(int type, int protocol, struct socket **out);
/* Two that are connected with each other; their peer is the caller. */
int unix_socket_pair(int type, int protocol, struct socket *out[2]);

#endif
