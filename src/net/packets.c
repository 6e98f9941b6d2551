/* recvmmsg, sendmmsg and pktinfo, see packets.h. */
#define _GNU_SOURCE
#include "net/packets.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "net/segments.h"

_Static_assert(CMSG_SPACE(sizeof(struct in6_pktinfo)) <= PACKET_CONTROL_BYTES, "pktinfo fits");

struct packets *packets_new(void)
{
	struct packets *packets = aligned_alloc(alignof(struct packets), sizeof *packets);
	if (!packets)
		return NULL;
	memset(packets, 0, offsetof(struct packets, bytes));
	packets->taken = PACKETS_MAX;
	for (size_t i = 0; i < PACKETS_MAX; i++) {
		packets->vectors[i] = (struct iovec){packets->bytes[i], PACKET_BYTES};
		packets->messages[i].msg_hdr = (struct msghdr){
			.msg_name = &packets->peers[i],
			.msg_iov = &packets->vectors[i],
			.msg_iovlen = 1,
		};
	}
	return packets;
}

/* ---- in ---------------------------------------------------------------------------------- */

int packets_receive(struct packets *packets, int fd, bool wildcard)
{
	/* The others are as they were, and each is a line of memory that the kernel has pushed out of the caches. */
	for (unsigned i = 0; i < packets->taken; i++) {
		struct msghdr *header = &packets->messages[i].msg_hdr;
		header->msg_namelen = sizeof packets->peers[i];
		header->msg_control = wildcard ? packets->control[i] : NULL;
		header->msg_controllen = wildcard ? PACKET_CONTROL_BYTES : 0;
	}
	int count = recvmmsg(fd, packets->messages, PACKETS_MAX, MSG_DONTWAIT, NULL);
	packets->taken = count < 0 ? PACKETS_MAX : (unsigned)count;
	return count;
}

void packet_place_read(struct msghdr *header, struct packet_place *place)
{
	for (struct cmsghdr *m = CMSG_FIRSTHDR(header); m; m = CMSG_NXTHDR(header, m)) {
		if (m->cmsg_level == IPPROTO_IP && m->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;
			memcpy(&info, CMSG_DATA(m), sizeof info);
			place->local.family = 4;
			memcpy(place->local.bytes, &info.ipi_spec_dst, 4);
		} else if (m->cmsg_level == IPPROTO_IPV6 && m->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;
			memcpy(&info, CMSG_DATA(m), sizeof info);
			place->local.family = 6;
			memcpy(place->local.bytes, &info.ipi6_addr, 16);
			/* Only link-local replies need the interface; others may go by another way. */
			if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
				place->interface = info.ipi6_ifindex;
		}
	}
}

/* ---- out --------------------------------------------------------------------------------- */

void packet_leaves_from(struct packets *packets, unsigned slot, const struct packet_place *place)
{
	struct msghdr *header = &packets->messages[slot].msg_hdr;
	uint8_t *control = packets->control[slot];
	if (!place->local.family) {
		header->msg_control = NULL;
		header->msg_controllen = 0;
		return;
	}
	memset(control, 0, PACKET_CONTROL_BYTES);
	header->msg_control = control;
	header->msg_controllen = PACKET_CONTROL_BYTES;
	struct cmsghdr *message = CMSG_FIRSTHDR(header);
	if (place->local.family == 6) {
		struct in6_pktinfo info = {.ipi6_ifindex = place->interface};
		memcpy(&info.ipi6_addr, place->local.bytes, 16);
		message->cmsg_level = IPPROTO_IPV6;
		message->cmsg_type = IPV6_PKTINFO;
		message->cmsg_len = CMSG_LEN(sizeof info);
		memcpy(CMSG_DATA(message), &info, sizeof info);
		header->msg_controllen = CMSG_SPACE(sizeof info);
	} else {
		struct in_pktinfo info = {0};
		memcpy(&info.ipi_spec_dst, place->local.bytes, 4);
		message->cmsg_level = IPPROTO_IP;
		message->cmsg_type = IP_PKTINFO;
		message->cmsg_len = CMSG_LEN(sizeof info);
		memcpy(CMSG_DATA(message), &info, sizeof info);
		header->msg_controllen = CMSG_SPACE(sizeof info);
	}
}

/* Sends `count` messages. Those that can not leave (their network is gone, the buffer is full) are passed by: the others may. Returns how many
 * could not; where in `failed` they were, if it is not NULL. */
static unsigned send_all(int fd, struct mmsghdr *messages, unsigned count, uint8_t *failed)
{
	unsigned sent = 0, failed_count = 0;
	while (sent < count) {
		int now = sendmmsg(fd, messages + sent, count - sent, 0);
		if (now > 0) {
			sent += (unsigned)now;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (failed)
			failed[failed_count] = (uint8_t)sent;
		failed_count++;
		sent++;
	}
	return failed_count;
}

unsigned packets_send_in_order(struct packets *packets, int fd, unsigned count)
{
	return send_all(fd, packets->messages, count, NULL);
}

static bool may_put_together(struct packets *packets, int fd)
{
	if (packets->together == TOGETHER_UNKNOWN)
		packets->together = segments_can(fd) ? TOGETHER_CAN : TOGETHER_CANNOT;
	if (packets->one_by_one) {
		packets->one_by_one--;
		return false;
	}
	return packets->together == TOGETHER_CAN;
}

unsigned packets_send(struct packets *packets, int fd, unsigned count)
{
	struct segments segments;
	uint8_t left[PACKETS_MAX];
	if (count < 2 || !may_put_together(packets, fd) || !segments_make(&segments, packets, count))
		return packets_send_in_order(packets, fd, count);
	unsigned left_count = send_all(fd, segments.messages, segments.count, left), failed = 0;
	for (unsigned i = 0; i < left_count; i++) {
		unsigned from = segments.first[left[i]], end = segments.first[left[i] + 1];
		if (end - from == 1) {
			failed++;
			continue;
		}
		unsigned refused = 0;
		for (; from < end; from++)
			refused += send_all(fd, &packets->messages[segments.slots[from]], 1, NULL);
		/* The way there does not bear it: IPsec, a small MTU, a card without checksums. */
		if (!refused)
			packets->one_by_one = ONE_BY_ONE_BATCHES;
		failed += refused;
	}
	return failed;
}
