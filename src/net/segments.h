/* Private to net/: datagrams of one batch that go the same way leave as one message, which the kernel carries through all of its layers once and
 * cuts into datagrams at the end (UDP_SEGMENT): all are of one length, but for a shorter one at the end. What arrives is what would have arrived one by one. */
#ifndef PF_NET_SEGMENTS_H
#define PF_NET_SEGMENTS_H

#include "net/packets.h"

/* Every way bears so much: IPv6's least MTU without headers. What is longer leaves by itself. */
#define SEGMENT_BYTES_MAX 1232

struct segments {
	unsigned count;                       /* messages */
	uint8_t first[PACKETS_MAX + 1];       /* of each: where in `slots`; and the end of all */
	uint8_t slots[PACKETS_MAX];           /* as they were put together */
	struct mmsghdr messages[PACKETS_MAX]; /* of one slot: as it was */
	struct iovec vectors[PACKETS_MAX];
	_Alignas(struct cmsghdr) uint8_t control[PACKETS_MAX][PACKET_CONTROL_BYTES];
};

/* Does the kernel know how? One that does not would send all as one datagram. */
bool segments_can(int fd);

/* Of the first `count` of a batch, 2 at least. False: each goes a way of its own, and there is nothing to gain. What it points to is the batch's, and
 * its own: neither may move before it is sent. */
bool segments_make(struct segments *segments, struct packets *packets, unsigned count);

#endif
