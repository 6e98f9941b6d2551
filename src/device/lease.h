/* DHCP leases as their servers write them down: dnsmasq, ISC dhcpd, Kea (memfile, CSV) and OpenWrt's odhcpd. The
 * files belong to others, who rewrite them at any moment: what can not be read is skipped and counted. */
#ifndef PF_DEVICE_LEASE_H
#define PF_DEVICE_LEASE_H

#include <stdio.h>

#include "base/addr.h"
#include "config/config.h"

#define LEASE_HOST_MAX DEVICE_HOSTNAME_MAX
#define LEASE_CLIENT_MAX DEVICE_CLIENT_MAX
#define LEASE_COUNT_MAX 131072           /* of one file: a campus, twice */
#define LEASE_FILE_BYTES_MAX (64u << 20) /* servers append until they tidy up */

struct lease {
	struct addr addr;
	bool has_mac;
	struct mac mac;
	char host[LEASE_HOST_MAX];        /* "" when there is none; letters, digits, '-', '_', '.' */
	uint8_t client_length;            /* 0: no client identifier */
	uint8_t client[LEASE_CLIENT_MAX]; /* a DUID where it holds one (RFC 4361) */
	uint32_t order;                   /* private to the parsers, as `over` */
	bool over;
};

struct lease_list {
	struct lease *leases; /* owned; one for each address, in the order of the file */
	size_t count;
	uint64_t skipped; /* lines or blocks that are no lease, or one too many */
};

/* Reads the leases that are in force at `wall_us`. PF_OK with the caller's `out` (lease_list_deinit), PF_ENOMEM.
 * Of several leases of one address the last counts. */
PF_MUST_CHECK int lease_parse(enum lease_format format, const char *text, size_t length,
                              int64_t wall_us, struct lease_list *out);
void lease_list_deinit(struct lease_list *list);

/* Reads a file. PF_EIO with a sentence in `error`: it can not be opened or is too large; PF_ETIMEOUT: it was changed
 * while it was read. */
PF_MUST_CHECK int lease_read(const char *path, enum lease_format format, int64_t wall_us,
                             struct lease_list *out, char error[256]);

#endif
