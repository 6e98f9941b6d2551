/* Keyed hashes in the place of devices, see pseudonym.h. */
#include "report/pseudonym.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/hash.h"

#define KEY_TEXT_LENGTH (2 * DIGEST_BYTES)
#define ULA_FIRST_BYTE 0xfd /* RFC 4193 */

/* ---- the key ----------------------------------------------------------------------------- */

static bool parse_key(const char *text, uint8_t key[DIGEST_BYTES])
{
	for (size_t i = 0; i < DIGEST_BYTES; i++) {
		char pair[3] = {text[2 * i], text[2 * i + 1], '\0'};
		if (strspn(pair, "0123456789abcdef") != 2)
			return false;
		key[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return !text[KEY_TEXT_LENGTH] || !strcmp(text + KEY_TEXT_LENGTH, "\n");
}

/* Never over one that another process has just made. */
static int make_key(const char *path, uint8_t key[DIGEST_BYTES], char error[500])
{
	char text[KEY_TEXT_LENGTH + 2];
	random_bytes(key, DIGEST_BYTES);
	for (size_t i = 0; i < DIGEST_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", key[i]);
	text[KEY_TEXT_LENGTH] = '\n';
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool written = fd >= 0 && write(fd, text, KEY_TEXT_LENGTH + 1) == KEY_TEXT_LENGTH + 1;
	int fault = errno;
	if (fd >= 0 && close(fd) && written) {
		written = false;
		fault = errno;
	}
	if (written)
		return PF_OK;
	if (fd >= 0)
		unlink(path);
	snprintf(error, 500,
	         "The key for pseudonyms can not be made in %.300s: %s; name a file with --key FILE.",
	         path, strerror(fault));
	return PF_EIO;
}

int pseudonym_load(const char *path, struct pseudonym *pseudonym, char error[500])
{
	char text[KEY_TEXT_LENGTH + 3] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return make_key(path, pseudonym->key, error);
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	int fault = errno;
	if (fd >= 0)
		close(fd);
	if (got < 0) {
		snprintf(error, 500, "The key for pseudonyms can not be read from %.300s: %s.", path,
		         strerror(fault));
		return PF_EIO;
	}
	if (parse_key(text, pseudonym->key))
		return PF_OK;
	snprintf(
		error, 500,
		"%.300s holds no key for pseudonyms: that is one line of %d hex digits; name another file "
		"with --key FILE, it is made when there is none.",
		path, KEY_TEXT_LENGTH);
	return PF_EINVAL;
}

/* ---- rows -------------------------------------------------------------------------------- */

void pseudonym_device(const struct pseudonym *pseudonym, const char *id,
                      char text[PSEUDONYM_DEVICE_MAX])
{
	uint8_t digest[DIGEST_BYTES];
	digest_keyed(pseudonym->key, "device", id, digest);
	int at = snprintf(text, PSEUDONYM_DEVICE_MAX, "device-");
	for (size_t i = 0; i < 8; i++)
		at += snprintf(text + at, PSEUDONYM_DEVICE_MAX - (size_t)at, "%02x", digest[i]);
}

static void hide_client(const struct pseudonym *pseudonym, const char *client,
                        char text[ADDR_TEXT_MAX])
{
	uint8_t digest[DIGEST_BYTES];
	struct addr addr = {.family = 6};
	digest_keyed(pseudonym->key, "client", client, digest);
	memcpy(addr.bytes, digest, sizeof addr.bytes);
	addr.bytes[0] = ULA_FIRST_BYTE;
	addr_format(&addr, text);
}

struct pseudonym_store {
	struct store store; /* first: what others see */
	struct store *inner;
	const struct pseudonym *pseudonym;
	/* Of the walk that is going on. */
	int (*each_query)(void *data, const struct store_query *row);
	int (*each_endpoint)(void *data, const struct store_endpoint *row);
	void *data;
};

static int on_query(void *data, const struct store_query *row)
{
	struct pseudonym_store *store = data;
	char device[PSEUDONYM_DEVICE_MAX], client[ADDR_TEXT_MAX];
	struct store_query hidden = *row;
	pseudonym_device(store->pseudonym, row->device_id, device);
	hide_client(store->pseudonym, row->client, client);
	hidden.device = hidden.device_id = device;
	hidden.client = client;
	return store->each_query(store->data, &hidden);
}

static int on_endpoint(void *data, const struct store_endpoint *row)
{
	struct pseudonym_store *store = data;
	char device[PSEUDONYM_DEVICE_MAX];
	struct store_endpoint hidden = *row;
	pseudonym_device(store->pseudonym, row->device_id, device);
	hidden.device = hidden.device_id = device;
	return store->each_endpoint(store->data, &hidden);
}

static int finish(struct pseudonym_store *store, int result)
{
	memcpy(store->store.error, store->inner->error, sizeof store->store.error);
	return result;
}

static int ask_queries(struct store *base, const struct store_filter *filter,
                       int (*each)(void *data, const struct store_query *row), void *data)
{
	struct pseudonym_store *store = (struct pseudonym_store *)base;
	store->each_query = each;
	store->data = data;
	return finish(store, store->inner->queries(store->inner, filter, on_query, store));
}

static int ask_endpoints(struct store *base, const struct store_filter *filter,
                         int (*each)(void *data, const struct store_endpoint *row), void *data)
{
	struct pseudonym_store *store = (struct pseudonym_store *)base;
	store->each_endpoint = each;
	store->data = data;
	return finish(store, store->inner->endpoints(store->inner, filter, on_endpoint, store));
}

struct store *pseudonym_store(struct store *inner, const struct pseudonym *pseudonym)
{
	struct pseudonym_store *store = calloc(1, sizeof *store);
	if (!store)
		return NULL;
	store->store.queries = ask_queries;
	store->store.endpoints = ask_endpoints;
	store->inner = inner;
	store->pseudonym = pseudonym;
	return &store->store;
}
