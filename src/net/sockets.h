/* The listening sockets, opened by the main thread before privileges are dropped: for each worker its
 * own UDP and TCP socket on each address, shared by SO_REUSEPORT. */
#ifndef PF_NET_SOCKETS_H
#define PF_NET_SOCKETS_H

#include "base/addr.h"
#include "config/config.h"

struct handover;

/* One address as one worker listens on it. */
struct socket_pair {
	struct addr_port address;
	enum protocol protocol; /* as of struct config_listen */
	bool wildcard;          /* 0.0.0.0 or ::: replies must name the address that was asked */
	int udp, tcp;           /* -1: none, handed over or closed */
	/* QUIC: which of the sockets that share its address this one is, and how many there are. */
	unsigned place, places;
};

struct socket_set {
	size_t count;
	struct socket_pair pairs[CONFIG_LISTEN_MAX];
};

/* Opens the sockets of `worker_count` workers into `sets`, or takes those that an earlier program or a service manager
 * has left us (`inherited`): where these are less than there are workers, workers share one. On failure everything is closed again, PF_EIO is
 * returned and `error` holds a sentence that names the address: in use (another daemon shares no port
 * with us by accident), not ours, no permission. */
PF_MUST_CHECK int sockets_open(const struct config_listen *listen, size_t count,
                               struct handover *inherited, struct socket_set *sets,
                               size_t worker_count, char *error, size_t error_size);
void sockets_close(struct socket_set *sets, size_t worker_count);

#endif
