/* Private to net/: datagrams in batches (recvmmsg, sendmmsg), and from and to which of our own addresses they go. */
#ifndef PF_NET_PACKETS_H
#define PF_NET_PACKETS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/addr.h"

#define PACKETS_MAX 32    /* for one system call: batching beyond gains nothing */
#define PACKET_BYTES 4096 /* what is longer is cut */
/* Their heads, which is all that most have, in other lines of the first-level cache. */
#define PACKET_STRIDE (PACKET_BYTES + 64)
#define PACKET_ROUNDS_MAX 8 /* batches for one wake-up, so that one socket does not starve others */
#define PACKET_CONTROL_BYTES 64 /* one pktinfo of either family, with its header */

/* When some that were put together could not leave so, so many batches are sent one by one before that is tried again. */
#define ONE_BY_ONE_BATCHES 1024

enum packets_together { TOGETHER_UNKNOWN, TOGETHER_CAN, TOGETHER_CANNOT };

struct packets {
	_Alignas(64) struct mmsghdr messages[PACKETS_MAX]; /* a line each */
	struct iovec vectors[PACKETS_MAX];
	struct sockaddr_storage peers[PACKETS_MAX];
	_Alignas(struct cmsghdr) uint8_t control[PACKETS_MAX][PACKET_CONTROL_BYTES];
	/* Out: whether the kernel can put them together, and for how many batches that is left. */
	enum packets_together together;
	unsigned one_by_one;
	unsigned taken; /* in: the headers that the kernel has written to */
	_Alignas(64) uint8_t bytes[PACKETS_MAX][PACKET_STRIDE];
};

/* Which of our addresses, and which interface where that matters (link-local); family 0: not known, or not needed. */
struct packet_place {
	struct addr local;
	unsigned interface;
};

/* On the heap; NULL without memory. */
struct packets *packets_new(void);

/* Reads as many as there are, with the address that they came to when `wildcard`, which is the same each time. Returns how many; 0 or less:
 * none. */
int packets_receive(struct packets *packets, int fd, bool wildcard);
/* To which address it came. */
void packet_place_read(struct msghdr *header, struct packet_place *place);

/* Slot `slot` leaves from there. */
void packet_leaves_from(struct packets *packets, unsigned slot, const struct packet_place *place);
/* Sends the first `count`. Returns how many could not leave. Those to the same peer leave together where that is cheaper (segments.h), the
 * longest of them first. */
unsigned packets_send(struct packets *packets, int fd, unsigned count);
unsigned packets_send_in_order(struct packets *packets, int fd, unsigned count);

#endif
