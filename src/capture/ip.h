/* Private to capture/: what a frame carries, down to UDP and TCP. */
#ifndef PF_CAPTURE_IP_H
#define PF_CAPTURE_IP_H

#include "capture/capture.h"

/* A piece of a frame; `cut`: more of it was on the wire than was captured. */
struct piece {
	const uint8_t *bytes;
	size_t length;
	bool cut;
};

struct ends {
	bool has_mac;
	struct mac from_mac;
	struct addr from, to;
};

/* Takes the link's header off: `packet` becomes the IP packet, MACs go to `ends`. PF_OK; PF_ENOENT: it carries no IP;
 * PF_EINVAL: too short. */
int link_open(int link, struct piece *packet, struct ends *ends);
bool link_is_known(int link);

/* What stands behind the headers of IP. */
struct ip_payload {
	uint8_t protocol; /* 6, 17 … */
	struct piece piece;
	bool is_fragment, more;
	uint32_t id;
	size_t offset; /* of a fragment, in bytes */
};

/* Takes the headers of IPv4 or IPv6 off. PF_OK; PF_ENOENT: neither of the two; PF_EINVAL: malformed. */
int ip_open(struct piece packet, struct ends *ends, struct ip_payload *payload);

#endif
