/* Watches the kernel's neighbour table over rtnetlink (libmnl): events change a list of entries, kept
 * sorted by address, from which tables are made. A dump replaces what it does not name. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "device/neighbours.h"

#define RECEIVE_BYTES (64 << 10)
#define REQUEST_BYTES 256 /* a header and a struct ndmsg */
#define SOCKET_BUFFER_BYTES (1 << 20) /* some thousand events while the control thread is busy */
#define MESSAGES_PER_READ_MAX 256
#define STATES_WITH_MAC (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT)

struct watched {
	struct addr addr;
	struct mac mac;
	unsigned dump; /* the last dump that named it, or in which it was added */
};

struct neighbour_watch {
	struct hash_key key;
	struct mnl_socket *socket;
	unsigned sequence, dump;
	bool dumping, dump_wanted, changed;
	uint64_t refused;
	size_t count, room;
	struct watched *entries; /* sorted by address */
	char buffer[RECEIVE_BYTES];
};

/* ---- the entries ------------------------------------------------------------------------- */

static int compare(const struct addr *a, const struct addr *b)
{
	return a->family != b->family ? a->family - b->family
	                              : memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

/* Where the address is, or where it would be. */
static size_t place_of(const struct neighbour_watch *watch, const struct addr *addr, bool *found)
{
	size_t low = 0, high = watch->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare(&watch->entries[middle].addr, addr);
		if (!order) {
			*found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*found = false;
	return low;
}

static void remove_at(struct neighbour_watch *watch, size_t place)
{
	memmove(&watch->entries[place], &watch->entries[place + 1],
	        (watch->count - place - 1) * sizeof watch->entries[0]);
	watch->count--;
	watch->changed = true;
}

static bool make_room(struct neighbour_watch *watch)
{
	if (watch->count < watch->room)
		return true;
	size_t room = watch->room ? watch->room * 2 : 64;
	struct watched *grown =
		watch->count < NEIGHBOUR_MAX ? realloc(watch->entries, room * sizeof *grown) : NULL;
	if (!grown) {
		watch->refused++;
		return false;
	}
	watch->entries = grown;
	watch->room = room;
	return true;
}

static void set(struct neighbour_watch *watch, const struct addr *addr, const struct mac *mac)
{
	bool found;
	size_t place = place_of(watch, addr, &found);
	if (!found) {
		if (!make_room(watch))
			return;
		memmove(&watch->entries[place + 1], &watch->entries[place],
		        (watch->count - place) * sizeof watch->entries[0]);
		watch->entries[place] = (struct watched){.addr = *addr};
		watch->count++;
	}
	struct watched *entry = &watch->entries[place];
	watch->changed = watch->changed || !found || !mac_equal(&entry->mac, mac);
	entry->mac = *mac;
	entry->dump = watch->dump;
}

static void forget(struct neighbour_watch *watch, const struct addr *addr)
{
	bool found;
	size_t place = place_of(watch, addr, &found);
	if (found)
		remove_at(watch, place);
}

static void forget_what_the_dump_did_not_name(struct neighbour_watch *watch)
{
	for (size_t i = watch->count; i > 0; i--)
		if (watch->entries[i - 1].dump != watch->dump)
			remove_at(watch, i - 1);
}

/* ---- messages ---------------------------------------------------------------------------- */

struct attributes {
	const struct nlattr *destination, *link;
};

static int on_attribute(const struct nlattr *attribute, void *data)
{
	struct attributes *attributes = data;
	if (mnl_attr_get_type(attribute) == NDA_DST)
		attributes->destination = attribute;
	else if (mnl_attr_get_type(attribute) == NDA_LLADDR)
		attributes->link = attribute;
	return MNL_CB_OK;
}

/* A unicast MAC of Ethernet; zero is what loopback has. */
static bool read_mac(const struct nlattr *attribute, struct mac *mac)
{
	static const struct mac zero;
	if (!attribute || mnl_attr_get_payload_len(attribute) != sizeof mac->bytes)
		return false;
	memcpy(mac->bytes, mnl_attr_get_payload(attribute), sizeof mac->bytes);
	return !(mac->bytes[0] & 1) && !mac_equal(mac, &zero);
}

static bool read_address(const struct nlattr *attribute, uint8_t family, struct addr *addr)
{
	size_t length = family == AF_INET ? 4 : 16;
	*addr = (struct addr){.family = family == AF_INET ? 4 : 6};
	if (!attribute || mnl_attr_get_payload_len(attribute) != length)
		return false;
	memcpy(addr->bytes, mnl_attr_get_payload(attribute), length);
	return true;
}

static int on_message(const struct nlmsghdr *header, void *data)
{
	struct neighbour_watch *watch = data;
	if (header->nlmsg_type != RTM_NEWNEIGH && header->nlmsg_type != RTM_DELNEIGH)
		return MNL_CB_OK;
	if (mnl_nlmsg_get_payload_len(header) < sizeof(struct ndmsg))
		return MNL_CB_OK;
	const struct ndmsg *message = mnl_nlmsg_get_payload(header);
	struct attributes attributes = {0};
	struct addr addr;
	struct mac mac;
	if (message->ndm_family != AF_INET && message->ndm_family != AF_INET6)
		return MNL_CB_OK;
	if (mnl_attr_parse(header, sizeof *message, on_attribute, &attributes) < 0 ||
	    !read_address(attributes.destination, message->ndm_family, &addr))
		return MNL_CB_OK;
	bool alive = header->nlmsg_type == RTM_NEWNEIGH && (message->ndm_state & STATES_WITH_MAC) &&
	             read_mac(attributes.link, &mac);
	if (alive)
		set(watch, &addr, &mac);
	else
		forget(watch, &addr);
	return MNL_CB_OK;
}

/* ---- the socket -------------------------------------------------------------------------- */

static int ask_for_dump(struct neighbour_watch *watch)
{
	_Alignas(struct nlmsghdr) char request[REQUEST_BYTES];
	struct nlmsghdr *header = mnl_nlmsg_put_header(request);
	header->nlmsg_type = RTM_GETNEIGH;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	header->nlmsg_seq = ++watch->sequence;
	struct ndmsg *message = mnl_nlmsg_put_extra_header(header, sizeof *message);
	message->ndm_family = AF_UNSPEC;
	if (mnl_socket_sendto(watch->socket, header, header->nlmsg_len) < 0)
		return PF_EIO;
	watch->dump++;
	watch->dumping = true;
	watch->dump_wanted = false;
	return PF_OK;
}

struct neighbour_watch *neighbour_watch_new(struct hash_key key)
{
	struct neighbour_watch *watch = calloc(1, sizeof *watch);
	if (!watch)
		return NULL;
	watch->key = key;
	watch->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_NONBLOCK | SOCK_CLOEXEC);
	int bytes = SOCKET_BUFFER_BYTES;
	if (watch->socket)
		setsockopt(mnl_socket_get_fd(watch->socket), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
	if (!watch->socket || mnl_socket_bind(watch->socket, RTMGRP_NEIGH, MNL_SOCKET_AUTOPID) < 0 ||
	    ask_for_dump(watch) != PF_OK) {
		int error = errno;
		neighbour_watch_free(&watch);
		errno = error;
		return NULL;
	}
	return watch;
}

void neighbour_watch_free(struct neighbour_watch **watch)
{
	if (!*watch)
		return;
	if ((*watch)->socket)
		mnl_socket_close((*watch)->socket);
	free((*watch)->entries);
	free(*watch);
	*watch = NULL;
}

int neighbour_watch_fd(const struct neighbour_watch *watch)
{
	return mnl_socket_get_fd(watch->socket);
}

/* One datagram's messages. A dump that other changes interrupted (NLM_F_DUMP_INTR), or one that failed,
 * is asked for again. */
static void take(struct neighbour_watch *watch, size_t length)
{
	unsigned port = mnl_socket_get_portid(watch->socket);
	const struct nlmsghdr *first = (const struct nlmsghdr *)watch->buffer;
	bool of_dump =
		length >= sizeof *first && first->nlmsg_pid == port && first->nlmsg_seq == watch->sequence;
	int result = mnl_cb_run(watch->buffer, length, of_dump ? watch->sequence : 0,
	                        of_dump ? port : 0, on_message, watch);
	if (!of_dump)
		return;
	if (result == MNL_CB_STOP) {
		watch->dumping = false;
		forget_what_the_dump_did_not_name(watch);
	} else if (result == MNL_CB_ERROR) {
		watch->dumping = false;
		watch->dump_wanted = true;
	}
}

int neighbour_watch_read(struct neighbour_watch *watch)
{
	watch->changed = false;
	for (int i = 0; i < MESSAGES_PER_READ_MAX; i++) {
		ssize_t length = mnl_socket_recvfrom(watch->socket, watch->buffer, sizeof watch->buffer);
		if (length > 0) {
			take(watch, (size_t)length);
		} else if (length < 0 && errno == ENOBUFS) {
			watch->dump_wanted = true; /* events were lost */
		} else if (length < 0 && errno == EINTR) {
			continue;
		} else if (length < 0 && errno == EAGAIN) {
			break;
		} else {
			return PF_EIO;
		}
	}
	if (watch->dump_wanted && !watch->dumping && ask_for_dump(watch) != PF_OK)
		return PF_EIO;
	return watch->changed;
}

struct neighbour_table *neighbour_watch_snapshot(const struct neighbour_watch *watch)
{
	struct addr *addrs = calloc(watch->count + 1, sizeof *addrs);
	struct mac *macs = calloc(watch->count + 1, sizeof *macs);
	struct neighbour_table *table = NULL;
	if (addrs && macs) {
		for (size_t i = 0; i < watch->count; i++) {
			addrs[i] = watch->entries[i].addr;
			macs[i] = watch->entries[i].mac;
		}
		table = neighbour_table_new(watch->key, addrs, macs, watch->count);
	}
	free(addrs);
	free(macs);
	return table;
}

uint64_t neighbour_watch_refused(const struct neighbour_watch *watch)
{
	return watch->refused;
}
