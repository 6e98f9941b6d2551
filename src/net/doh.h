/* Private to net/: what a request of DNS over HTTPS (RFC 8484) says in its path. No memory is allocated. */
#ifndef PF_NET_DOH_H
#define PF_NET_DOH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "value/device.h"

#define DOH_PATH "/dns-query"
#define DOH_TYPE "application/dns-message"

/* "/dns-query", "/dns-query/coffee", each with or without "?…dns=…". */
struct doh_target {
	char label[DEVICE_LABEL_MAX]; /* how the client calls itself, in lower case; "": not said */
	bool has_message;
	const char *message; /* base64url (RFC 4648, 5), within the path; as it was sent, good or not */
	size_t message_length;
};

/* False: there is nothing at this path. */
bool doh_target_read(const char *path, size_t length, struct doh_target *target);

/* Decodes base64url without padding; `out` has room for length / 4 * 3 + 3. False: it is none. */
bool doh_decode(const char *text, size_t length, uint8_t *out, size_t *out_length);

#endif
