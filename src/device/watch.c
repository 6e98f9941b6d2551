/* Watches the kernel's neighbour table over rtnetlink (libmnl): events change the watcher's own table, and the
 * listener hears of what is new in it. A dump says what there is: entries that it did not name are forgotten at its end. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "device/neighbours.h"
#include "device/table.h"

#define RECEIVE_BYTES (64 << 10)
#define REQUEST_BYTES 256             /* a header and a struct ndmsg */
#define SOCKET_BUFFER_BYTES (1 << 20) /* some thousand events while the control thread is busy */
#define MESSAGES_PER_READ_MAX 256
#define STATES_WITH_MAC (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT)

struct neighbour_watch {
	struct mnl_socket *socket;
	unsigned sequence, dump;
	bool dumping, dump_wanted, changed, whole;
	uint64_t refused;
	size_t count_max;
	struct neighbour_listener listener;
	struct address_table *table;
	char buffer[RECEIVE_BYTES];
};

/* ---- the entries ------------------------------------------------------------------------- */

/* What one message says. */
struct news {
	struct addr addr;
	struct mac mac;
	int interface;
};

static void tell(struct neighbour_watch *watch, const struct addr *addr, const struct mac *mac)
{
	watch->changed = true;
	if (watch->listener.changed)
		watch->listener.changed(watch->listener.data, addr, mac);
}

static void set(struct neighbour_watch *watch, const struct news *news)
{
	struct address_entry *entry = table_find(watch->table, &news->addr);
	if (!entry && watch->table->count < watch->count_max)
		entry = table_put(&watch->table, &news->addr);
	if (!entry) {
		watch->refused++;
		return;
	}
	bool differs = !mac_equal(&entry->mac, &news->mac);
	entry->mac = news->mac;
	entry->interface = news->interface;
	entry->dump = watch->dump;
	if (differs)
		tell(watch, &news->addr, &news->mac);
}

/* What another interface has lost says nothing about the one where the address was seen since. */
static void forget(struct neighbour_watch *watch, const struct news *news)
{
	struct address_entry *entry = table_find(watch->table, &news->addr);
	if (!entry || entry->interface != news->interface)
		return;
	table_remove(watch->table, entry);
	tell(watch, &news->addr, NULL);
}

static void forget_what_the_dump_did_not_name(struct neighbour_watch *watch)
{
	for (size_t i = 0; i <= watch->table->mask;) {
		struct address_entry *entry = &watch->table->slots[i];
		if (!entry->addr.family || entry->dump == watch->dump) {
			i++;
			continue;
		}
		struct addr addr = entry->addr;
		table_remove(watch->table, entry);
		tell(watch, &addr, NULL);
	}
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
	struct news news = {.interface = message->ndm_ifindex};
	if (message->ndm_family != AF_INET && message->ndm_family != AF_INET6)
		return MNL_CB_OK;
	if (mnl_attr_parse(header, sizeof *message, on_attribute, &attributes) < 0 ||
	    !read_address(attributes.destination, message->ndm_family, &news.addr))
		return MNL_CB_OK;
	bool alive = header->nlmsg_type == RTM_NEWNEIGH && (message->ndm_state & STATES_WITH_MAC) &&
	             read_mac(attributes.link, &news.mac);
	if (alive)
		set(watch, &news);
	else
		forget(watch, &news);
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

struct neighbour_watch *neighbour_watch_new(struct hash_key key, struct neighbour_listener listener)
{
	return neighbour_watch_new_bounded(key, NEIGHBOUR_MAX, listener);
}

struct neighbour_watch *neighbour_watch_new_bounded(struct hash_key key, size_t count_max,
                                                    struct neighbour_listener listener)
{
	struct neighbour_watch *watch = calloc(1, sizeof *watch);
	if (!watch)
		return NULL;
	watch->count_max = count_max;
	watch->listener = listener;
	int bytes = SOCKET_BUFFER_BYTES;
	watch->table = table_new(key, 0);
	if (!watch->table)
		goto failed;
	watch->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (!watch->socket)
		goto failed;
	/* The kernel gives what it allows; when that is too little, a dump mends it. */
	setsockopt(mnl_socket_get_fd(watch->socket), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
	if (mnl_socket_bind(watch->socket, RTMGRP_NEIGH, MNL_SOCKET_AUTOPID) < 0 ||
	    ask_for_dump(watch) != PF_OK)
		goto failed;
	return watch;
failed:;
	int error = errno;
	neighbour_watch_free(&watch);
	errno = error;
	return NULL;
}

void neighbour_watch_free(struct neighbour_watch **watch)
{
	if (!*watch)
		return;
	if ((*watch)->socket)
		mnl_socket_close((*watch)->socket);
	table_free(&(*watch)->table);
	free(*watch);
	*watch = NULL;
}

int neighbour_watch_fd(const struct neighbour_watch *watch)
{
	return mnl_socket_get_fd(watch->socket);
}

/* One datagram's messages. A dump that changes interrupted (NLM_F_DUMP_INTR: EINTR), or that came while another
 * was on its way (EBUSY), is asked for again; after any other error that would go round for ever. */
static int take(struct neighbour_watch *watch, size_t length)
{
	unsigned port = mnl_socket_get_portid(watch->socket);
	const struct nlmsghdr *first = (const struct nlmsghdr *)watch->buffer;
	bool of_dump =
		length >= sizeof *first && first->nlmsg_pid == port && first->nlmsg_seq == watch->sequence;
	int result = mnl_cb_run(watch->buffer, length, of_dump ? watch->sequence : 0,
	                        of_dump ? port : 0, on_message, watch);
	if (!of_dump || result == MNL_CB_OK)
		return PF_OK;
	watch->dumping = false;
	if (result == MNL_CB_ERROR) {
		watch->dump_wanted = errno == EINTR || errno == EBUSY;
		return watch->dump_wanted ? PF_OK : PF_EIO;
	}
	if (watch->dump_wanted) /* it was not whole, and the next one will say */
		return PF_OK;
	forget_what_the_dump_did_not_name(watch);
	watch->whole = true;
	return PF_OK;
}

int neighbour_watch_read(struct neighbour_watch *watch)
{
	for (int i = 0; i < MESSAGES_PER_READ_MAX; i++) {
		ssize_t length = mnl_socket_recvfrom(watch->socket, watch->buffer, sizeof watch->buffer);
		if (length > 0) {
			if (take(watch, (size_t)length) != PF_OK)
				return PF_EIO;
		} else if (length < 0 && errno == ENOBUFS) {
			watch->dump_wanted = true; /* events were lost, the end of a dump perhaps too */
			watch->dumping = false;
		} else if (length < 0 && errno == EAGAIN) {
			break;
		} else if (length == 0 || errno != EINTR) {
			return PF_EIO;
		}
	}
	if (watch->dump_wanted && !watch->dumping && ask_for_dump(watch) != PF_OK)
		return PF_EIO;
	bool changed = watch->changed;
	watch->changed = false; /* not before: what changed ahead of a failure is told the next time */
	return changed;
}

size_t neighbour_watch_count(const struct neighbour_watch *watch)
{
	return watch->table->count;
}

bool neighbour_watch_lookup(const struct neighbour_watch *watch, const struct addr *addr,
                            struct mac *mac)
{
	const struct address_entry *entry = table_look(watch->table, addr);
	if (entry)
		*mac = entry->mac;
	return entry;
}

bool neighbour_watch_is_whole(const struct neighbour_watch *watch)
{
	return watch->whole;
}

uint64_t neighbour_watch_refused(const struct neighbour_watch *watch)
{
	return watch->refused;
}
