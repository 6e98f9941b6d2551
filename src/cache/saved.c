/* The file of saved.h: a header, then the answers one behind the other. All numbers are the machine's own: another machine's build has another
 * id. The message of an answer is parsed again when it is read, as if an upstream had sent it, so that nothing in the file is believed. */
#include "cache/saved.h"

#include <string.h>

#include "base/buffer.h"

#define SAVED_VERSION 1
#define SPACE_PASSING \
	(1ull << 63) /* put together under one snapshot: not for the next (pipeline/search.c) */

struct header {
	struct own_header own;
	uint64_t upstreams;
};

static const struct own_kind kind = {"portafilter dns", SAVED_VERSION, sizeof(struct header)};

/* Behind it: the message, the name servers, their addresses, who gave it. The key is the message's question and what stands here. */
struct saved {
	int64_t stored_wall_us;
	uint64_t space;
	uint16_t length, server_bytes;
	uint8_t server_address_count, upstream_length;
	uint8_t dnssec_ok, cd_dnssec; /* CD, and what was validated (enum dnssec) from bit 1 on */
};

/* ---- writing ------------------------------------------------------------------------------ */

struct saving {
	const struct cache *cache;
	struct buffer buffer;
	struct now now;
	size_t count;
};

static bool add(void *data, const struct cache_entry *entry)
{
	struct saving *saving = data;
	const char *upstream = cache_entry_upstream(saving->cache, entry);
	struct answer answer;
	struct cache_key key;
	cache_entry_key(entry, &key);
	if (key.space & SPACE_PASSING)
		return true;
	cache_entry_answer(entry, &answer);
	const struct saved saved = {
		.stored_wall_us =
			saving->now.wall_us - (saving->now.mono_us - cache_entry_stored_us(entry)),
		.space = key.space,
		.length = answer.length,
		.server_bytes = answer.server_bytes,
		.server_address_count = answer.server_address_count,
		.upstream_length = (uint8_t)strlen(upstream),
		.dnssec_ok = key.dnssec_ok,
		.cd_dnssec = (uint8_t)(key.cd | answer.dnssec << 1),
	};
	size_t before = saving->buffer.length;
	buffer_append(&saving->buffer, &saved, sizeof saved);
	buffer_append(&saving->buffer, answer.wire, answer.length);
	buffer_append(&saving->buffer, answer.servers, answer.server_bytes);
	buffer_append(&saving->buffer, answer.server_addresses,
	              answer.server_address_count * sizeof *answer.server_addresses);
	buffer_append(&saving->buffer, upstream, saved.upstream_length);
	if (saving->buffer.failed) {
		saving->buffer.length = before; /* whole answers only */
		return false;
	}
	saving->count++;
	return true;
}

int cache_save(struct cache *cache, const char *path, uint64_t upstreams, struct now now,
               size_t *count, char why[OWN_FILE_WHY_MAX])
{
	struct saving saving = {.cache = cache, .now = now};
	struct header header = {.upstreams = upstreams};
	buffer_init(&saving.buffer, SAVED_BYTES_MAX);
	cache_each(cache, now, add, &saving);
	const struct own_piece rest = {saving.buffer.data, saving.buffer.length};
	int error = own_file_write(path, &kind, &header, &rest, rest.length > 0, why);
	buffer_deinit(&saving.buffer);
	*count = saving.count;
	return error;
}

/* ---- reading ------------------------------------------------------------------------------ */

struct cursor {
	const uint8_t *at, *end;
};

/* The next bytes, or NULL when there are not so many. */
static const uint8_t *take(struct cursor *cursor, size_t length)
{
	if ((size_t)(cursor->end - cursor->at) < length)
		return NULL;
	const uint8_t *bytes = cursor->at;
	cursor->at += length;
	return bytes;
}

/* The question of a message, as it was asked. */
static bool read_question(const struct saved *saved, const uint8_t *wire, struct dns_query *query)
{
	int name = saved->length < DNS_HEADER_BYTES
	               ? PF_EINVAL
	               : dns_name_from_wire(wire, saved->length, DNS_HEADER_BYTES, false, &query->name);
	if (name < 0 || saved->length < DNS_HEADER_BYTES + name + 4)
		return false;
	query->type = dns_read16(wire + DNS_HEADER_BYTES + name);
	query->class = dns_read16(wire + DNS_HEADER_BYTES + name + 2);
	query->edns.dnssec_ok = saved->dnssec_ok;
	query->cd = saved->cd_dnssec & 1;
	return true;
}

/* Puts one in that is still good. PF_EINVAL: it is malformed. */
static int put(struct cache *cache, const struct saved *saved, const struct dns_query *query,
               struct answer *answer, const char *upstream, struct now now)
{
	struct cache_key key;
	int64_t age_us = now.wall_us - saved->stored_wall_us;
	/* Of the future: somebody has set the clock back, and how old it is can not be known. */
	if (age_us < 0 || age_us >= (int64_t)answer->ttl * 1000000) {
		answer_free(&answer);
		return PF_OK;
	}
	const struct cache_facts facts = {.view_count = 1}; /* of no epoch yet */
	cache_key_from_query(&key, query);
	key.space = saved->space;
	const struct now then = {.mono_us = now.mono_us - age_us, .wall_us = saved->stored_wall_us};
	struct cache_entry *entry = cache_entry_new(cache, &key, answer, &facts, upstream, then);
	answer_free(&answer);
	if (!entry)
		return PF_ENOMEM;
	cache_insert(cache, entry, now);
	cache_entry_unref(entry);
	return PF_OK;
}

static int read_one(struct cache *cache, struct cursor *cursor, struct now now)
{
	struct saved saved;
	struct dns_query query;
	struct addr addresses[UINT8_MAX];
	char upstream[CACHE_UPSTREAM_TEXT_MAX] = "";
	const uint8_t *bytes = take(cursor, sizeof saved);
	if (!bytes)
		return PF_EINVAL;
	memcpy(&saved, bytes, sizeof saved);
	const uint8_t *wire = take(cursor, saved.length);
	struct answer_glue glue = {.servers = wire ? take(cursor, saved.server_bytes) : NULL,
	                           .server_bytes = saved.server_bytes,
	                           .addresses = addresses,
	                           .address_count = saved.server_address_count};
	bytes = glue.servers ? take(cursor, glue.address_count * sizeof *addresses) : NULL;
	if (!bytes || saved.dnssec_ok > 1 || saved.cd_dnssec >> 1 > DNSSEC_SECURE ||
	    saved.space & SPACE_PASSING)
		return PF_EINVAL;
	memcpy(addresses, bytes, glue.address_count * sizeof *addresses);
	bytes = take(cursor, saved.upstream_length);
	if (!bytes || saved.upstream_length >= sizeof upstream ||
	    memchr(bytes, '\0', saved.upstream_length) || !read_question(&saved, wire, &query))
		return PF_EINVAL;
	memcpy(upstream, bytes, saved.upstream_length);
	struct answer *answer;
	int error = answer_from_kept(wire, saved.length, &query, &glue, &answer);
	if (error == PF_OK)
		answer->dnssec = saved.cd_dnssec >> 1;
	return error == PF_OK ? put(cache, &saved, &query, answer, upstream, now) : error;
}

int cache_read(struct cache *cache, const void *bytes, size_t length, uint64_t upstreams,
               struct now now, size_t *count, char why[OWN_FILE_WHY_MAX])
{
	struct header header;
	struct cache_stats before, after;
	*count = 0;
	int error = own_file_check(bytes, length, &kind, why);
	if (error != PF_OK)
		return error;
	memcpy(&header, bytes, sizeof header);
	if (header.upstreams != upstreams)
		return own_file_fail(why, PF_EINVAL, "holds what other upstreams have said");
	struct cursor cursor = {(const uint8_t *)bytes + sizeof header,
	                        (const uint8_t *)bytes + length};
	cache_stats(cache, &before);
	while (cursor.at < cursor.end && error == PF_OK)
		error = read_one(cache, &cursor, now);
	cache_stats(cache, &after);
	*count = after.entries - before.entries;
	if (error != PF_OK && error != PF_ENOMEM)
		return own_file_fail(why, PF_EINVAL,
		                     "is damaged: an answer in it can not be; those before it are used");
	return error;
}

int cache_load(struct cache *cache, const char *path, uint64_t upstreams, struct now now,
               size_t *count, char why[OWN_FILE_WHY_MAX])
{
	struct own_file file;
	*count = 0;
	int error = own_file_map(&file, path, sizeof(struct header), why);
	if (error != PF_OK)
		return error;
	error = cache_read(cache, file.bytes, file.length, upstreams, now, count, why);
	own_file_unmap(&file);
	return error;
}

void cache_stamp(void *bytes, size_t length)
{
	own_file_stamp(bytes, length, &kind);
}
