/* Sorts a batch by peer and length, see segments.h. */
#define _GNU_SOURCE
#include "net/segments.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>

_Static_assert(CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(uint16_t)) <=
                   PACKET_CONTROL_BYTES,
               "pktinfo and the length of a segment fit");

bool segments_can(int fd)
{
	int size;
	socklen_t length = sizeof size;
	return !getsockopt(fd, SOL_UDP, UDP_SEGMENT, &size, &length);
}

/* ---- the order --------------------------------------------------------------------------- */

#define LENGTH_SHIFT 16
#define PEER_SHIFT 32

static size_t length_of(const struct packets *packets, unsigned slot)
{
	return packets->vectors[slot].iov_len;
}

/* By peer, of one peer the longest first, and last the slot itself. Who has the same of some other peer only stands beside it. */
static uint64_t key_of(const struct packets *packets, unsigned slot)
{
	const struct msghdr *header = &packets->messages[slot].msg_hdr;
	uint64_t words[2] = {0}; /* port and IPv4 address; the end of an IPv6 address */
	memcpy(&words[0], &packets->peers[slot], sizeof words[0]);
	if (header->msg_namelen == sizeof(struct sockaddr_in6))
		memcpy(&words[1], (char *)&packets->peers[slot] + 16, sizeof words[1]);
	uint64_t peer = (words[0] ^ words[1] * 0x9e3779b97f4a7c15u) * 0xff51afd7ed558ccdu;
	uint64_t shortness = UINT16_MAX - length_of(packets, slot);
	return peer >> PEER_SHIFT << PEER_SHIFT | shortness << LENGTH_SHIFT | slot;
}

/* Nearly in order already, mostly, and few. */
static void sort(uint64_t *keys, unsigned count)
{
	for (unsigned i = 1; i < count; i++) {
		uint64_t key = keys[i];
		unsigned at = i;
		for (; at && keys[at - 1] > key; at--)
			keys[at] = keys[at - 1];
		keys[at] = key;
	}
}

static bool any_beside(const uint64_t *keys, unsigned count)
{
	bool any = false;
	for (unsigned i = 1; i < count; i++)
		any |= keys[i - 1] >> PEER_SHIFT == keys[i] >> PEER_SHIFT;
	return any;
}

/* To the same peer, from the same address of ours? */
static bool goes_with(const struct packets *packets, unsigned a, unsigned b)
{
	const struct msghdr *one = &packets->messages[a].msg_hdr,
						*other = &packets->messages[b].msg_hdr;
	return one->msg_namelen == other->msg_namelen && one->msg_controllen == other->msg_controllen &&
	       !memcmp(one->msg_name, other->msg_name, one->msg_namelen) &&
	       (!one->msg_controllen ||
	        !memcmp(one->msg_control, other->msg_control, one->msg_controllen));
}

/* How many of the slots, 1 at least, can be one message. */
static unsigned count_together(const struct packets *packets, const uint8_t *slots, unsigned left)
{
	const size_t length = length_of(packets, slots[0]);
	if (length > SEGMENT_BYTES_MAX)
		return 1;
	for (unsigned i = 1; i < left; i++) {
		if (!goes_with(packets, slots[0], slots[i]))
			return i;
		if (length_of(packets, slots[i]) != length)
			return i + (length_of(packets, slots[i]) < length);
	}
	return left;
}

/* ---- the messages ------------------------------------------------------------------------ */

static void tell_length(struct msghdr *header, uint8_t *control, size_t length)
{
	const uint16_t segment = (uint16_t)length;
	size_t before = header->msg_controllen;
	struct cmsghdr message = {.cmsg_level = SOL_UDP,
	                          .cmsg_type = UDP_SEGMENT,
	                          .cmsg_len = CMSG_LEN(sizeof segment)};
	if (before)
		memcpy(control, header->msg_control, before);
	memset(control + before, 0, CMSG_SPACE(sizeof segment));
	memcpy(control + before, &message, sizeof message);
	memcpy(control + before + CMSG_LEN(0), &segment, sizeof segment);
	header->msg_control = control;
	header->msg_controllen = before + CMSG_SPACE(sizeof segment);
}

static void put_together(struct segments *segments, struct packets *packets, unsigned from,
                         unsigned count)
{
	const unsigned number = segments->count, slot = segments->slots[from];
	struct msghdr *header = &segments->messages[number].msg_hdr;
	segments->messages[number] = packets->messages[slot];
	if (count == 1)
		return;
	for (unsigned i = from; i < from + count; i++)
		segments->vectors[i] = packets->vectors[segments->slots[i]];
	header->msg_iov = &segments->vectors[from];
	header->msg_iovlen = count;
	tell_length(header, segments->control[number], length_of(packets, slot));
}

bool segments_make(struct segments *segments, struct packets *packets, unsigned count)
{
	uint64_t keys[PACKETS_MAX];
	for (unsigned i = 0; i < count; i++)
		keys[i] = key_of(packets, i);
	sort(keys, count);
	if (!any_beside(keys, count))
		return false;
	for (unsigned i = 0; i < count; i++)
		segments->slots[i] = (uint8_t)keys[i];
	segments->count = 0;
	for (unsigned from = 0, together; from < count; from += together) {
		together = count_together(packets, segments->slots + from, count - from);
		put_together(segments, packets, from, together);
		segments->first[segments->count++] = (uint8_t)from;
	}
	segments->first[segments->count] = (uint8_t)count;
	return segments->count < count;
}
