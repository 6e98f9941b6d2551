/* Private to capture/: from captured frames to DNS messages. Ethernet (with VLAN tags, also several, and PPPoE), Linux cooked v1
 * and v2, raw IP, loopback; IPv4 and IPv6 with fragments; UDP, and TCP put together again. */
#ifndef PF_CAPTURE_PACKETS_H
#define PF_CAPTURE_PACKETS_H

#include "base/error.h"
#include "capture/capture.h"

struct packets;

/* A frame as it was captured. */
struct packets_frame {
	int link; /* as pcap_datalink(3) names it */
	int64_t wall_us;
	const uint8_t *bytes;
	size_t length;      /* captured */
	size_t wire_length; /* as it was on the wire */
};

/* Is this kind of link understood? */
bool packets_knows_link(int link);

/* NULL without memory. */
struct packets *packets_new(const struct capture_sink *sink);
void packets_free(struct packets **packets);
/* Messages that are whole with this frame go to the sink at once. PF_OK; PF_ENOMEM: it was counted, and is lost. */
int packets_take(struct packets *packets, const struct packets_frame *frame);
/* The capture ends: what waits for more is counted as missing. */
void packets_end(struct packets *packets);

#endif
