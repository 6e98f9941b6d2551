/* The table of detail.h: each detail is found by its key, the terms written out as bytes. */
#include "lists/detail.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/hash.h"
#include "dns/dns.h"
#include "lists/entry_name.h"
#include "lists/slots.h"

#define CAPACITY_MIN 16
#define TEXT_BYTES_MAX 1024 /* of a client's or tag's name */
#define KEY_BYTES_MAX (TERMS_RECORDS_MAX + LIST_LINE_BYTES_MAX + 4096)

struct kept {
	uint8_t *key;
	size_t key_length;
	struct list_detail detail;
};

struct list_details {
	const struct tag_table *tags;
	struct hash_key hash_key;
	size_t count, capacity;
	struct kept **kept; /* by number, from 1 */
	struct slots slots;
	size_t bytes;
};

/* ---- keys ---------------------------------------------------------------------------------- */

struct key {
	size_t length;
	uint8_t bytes[KEY_BYTES_MAX];
};

static void put(struct key *key, const void *bytes, size_t length)
{
	if (length > sizeof key->bytes - key->length)
		length = sizeof key->bytes - key->length; /* a line's spans never are that long */
	if (length)
		memcpy(key->bytes + key->length, bytes, length);
	key->length += length;
}

static void put_number(struct key *key, size_t number)
{
	uint8_t bytes[2];
	dns_write16(bytes, (uint16_t)number);
	put(key, bytes, sizeof bytes);
}

static void put_spans(struct key *key, const struct terms_spans *spans)
{
	put_number(key, spans->count);
	for (size_t i = 0; i < spans->count; i++) {
		put_number(key, spans->list[i].negated);
		put_number(key, spans->list[i].length);
		put(key, spans->list[i].text, spans->list[i].length);
	}
}

static void write_key(struct key *key, const struct terms *terms)
{
	const uint8_t flags[] = {terms->important, terms->nearest, terms->has_reply,
	                         (uint8_t)terms->reply};
	key->length = 0;
	put(key, flags, sizeof flags);
	put_number(key, terms->type_count);
	for (size_t i = 0; i < terms->type_count; i++) {
		put_number(key, terms->types[i].type);
		put_number(key, terms->types[i].negated);
	}
	put_spans(key, &terms->clients);
	put_spans(key, &terms->tags);
	put_spans(key, &terms->spared);
	put(key, terms->records, terms->record_bytes);
}

uint64_t terms_hash(const struct terms *terms)
{
	struct key key;
	write_key(&key, terms);
	return hash_bytes((struct hash_key){0}, key.bytes, key.length);
}

/* ---- a detail out of terms ----------------------------------------------------------------- */

/* "'Frank\\'s laptop'" without quotes and backslashes. */
static size_t unquote(const struct terms_span *span, char text[TEXT_BYTES_MAX])
{
	const char *at = span->text, *end = at + span->length;
	size_t length = 0;
	if (end - at >= 2 && (*at == '\'' || *at == '"') && end[-1] == *at) {
		at++;
		end--;
	}
	for (; at < end && length + 1 < TEXT_BYTES_MAX; at++) {
		if (*at == '\\' && at + 1 < end)
			at++;
		text[length++] = *at;
	}
	text[length] = '\0';
	return length;
}

static int read_client(struct list_client *client, const struct terms_span *span)
{
	char text[TEXT_BYTES_MAX];
	unquote(span, text);
	client->negated = span->negated;
	client->by_address = prefix_parse(text, &client->prefix) == PF_OK;
	if (client->by_address)
		return PF_OK;
	client->name = strdup(text);
	return client->name ? PF_OK : PF_ENOMEM;
}

/* AdGuard's own tags say what kind they are: device_camera, os_linux, user_child. */
static int find_tag(const struct tag_table *tags, const char *text)
{
	static const char *const kinds[] = {"device_", "os_", "user_"};
	int tag = tag_find(tags, text);
	for (size_t i = 0; i < PF_COUNT(kinds) && tag < 0; i++)
		if (!strncmp(text, kinds[i], strlen(kinds[i])))
			tag = tag_find(tags, text + strlen(kinds[i]));
	return tag;
}

/* A tag that no device has is asked for in vain, and excludes none. */
static void read_tags(struct list_detail *detail, const struct tag_table *tags,
                      const struct terms_spans *spans)
{
	for (size_t i = 0; i < spans->count; i++) {
		char text[TEXT_BYTES_MAX];
		unquote(&spans->list[i], text);
		int tag = find_tag(tags, text);
		tag_set bit = tag >= 0 ? tag_bit((size_t)tag) : 0;
		if (spans->list[i].negated) {
			detail->tags_excluded = true;
			detail->not_tags |= bit;
		} else {
			detail->tags_asked = true;
			detail->tags |= bit;
		}
	}
}

static int copy_arrays(struct list_detail *detail, const struct terms *terms)
{
	if (terms->type_count) {
		detail->types = calloc(terms->type_count, sizeof *detail->types);
		if (!detail->types)
			return PF_ENOMEM;
		for (size_t i = 0; i < terms->type_count; i++)
			detail->types[detail->type_count++] =
				(struct list_type){terms->types[i].type, terms->types[i].negated};
	}
	if (terms->clients.count) {
		detail->clients = calloc(terms->clients.count, sizeof *detail->clients);
		if (!detail->clients)
			return PF_ENOMEM;
		for (size_t i = 0; i < terms->clients.count; i++)
			if (read_client(&detail->clients[detail->client_count++], &terms->clients.list[i]) !=
			    PF_OK)
				return PF_ENOMEM;
	}
	if (terms->spared.count) {
		detail->spared = calloc(terms->spared.count, sizeof *detail->spared);
		if (!detail->spared)
			return PF_ENOMEM;
		for (size_t i = 0; i < terms->spared.count; i++)
			if (entry_name_read(terms->spared.list[i].text, terms->spared.list[i].length,
			                    &detail->spared[detail->spared_count]) < 0)
				detail->spared_count++;
	}
	return PF_OK;
}

static void kept_free(struct kept *kept)
{
	if (!kept)
		return;
	for (size_t i = 0; i < kept->detail.client_count; i++)
		free(kept->detail.clients[i].name);
	free(kept->detail.types);
	free(kept->detail.clients);
	free(kept->detail.spared);
	free(kept->key);
	free(kept);
}

/* The records stand at the end of the key: there is one copy of them. */
static struct kept *kept_new(const struct list_details *details, const struct terms *terms,
                             const struct key *key)
{
	struct kept *kept = calloc(1, sizeof *kept);
	if (!kept)
		return NULL;
	struct list_detail *detail = &kept->detail;
	kept->key = malloc(key->length);
	if (!kept->key || copy_arrays(detail, terms) != PF_OK) {
		kept_free(kept);
		return NULL;
	}
	memcpy(kept->key, key->bytes, key->length);
	kept->key_length = key->length;
	detail->important = terms->important;
	detail->nearest = terms->nearest;
	detail->has_reply = terms->has_reply;
	detail->reply.kind = terms->reply;
	detail->reply.record_bytes = (uint16_t)terms->record_bytes;
	detail->reply.records = kept->key + key->length - terms->record_bytes;
	read_tags(detail, details->tags, &terms->tags);
	return kept;
}

/* ---- the table ----------------------------------------------------------------------------- */

struct list_details *list_details_new(const struct tag_table *tags)
{
	struct list_details *details = calloc(1, sizeof *details);
	if (!details)
		return NULL;
	details->tags = tags;
	details->hash_key = hash_key_random();
	return details;
}

void list_details_free(struct list_details **out)
{
	struct list_details *details = *out;
	if (!details)
		return;
	for (size_t i = 0; i < details->count; i++)
		kept_free(details->kept[i]);
	free(details->kept);
	slots_deinit(&details->slots);
	free(details);
	*out = NULL;
}

static bool is_key(const void *table, size_t place, const void *wanted)
{
	const struct kept *kept = ((const struct list_details *)table)->kept[place];
	const struct key *key = wanted;
	return kept->key_length == key->length && !memcmp(kept->key, key->bytes, key->length);
}

static int grow(struct list_details *details)
{
	size_t capacity = details->capacity ? details->capacity * 2 : CAPACITY_MIN;
	struct kept **grown = realloc(details->kept, capacity * sizeof(*grown));
	if (!grown)
		return PF_ENOMEM;
	details->kept = grown;
	details->capacity = capacity;
	return PF_OK;
}

int list_details_add(struct list_details *details, const struct terms *terms, uint32_t *number)
{
	struct key key;
	*number = 0;
	if (terms_empty(terms))
		return PF_OK;
	write_key(&key, terms);
	uint64_t hash = hash_bytes(details->hash_key, key.bytes, key.length);
	int64_t place = slots_find(&details->slots, hash, is_key, details, &key);
	if (place >= 0) {
		*number = (uint32_t)(place + 1);
		return PF_OK;
	}
	if (details->count == LIST_DETAILS_MAX)
		return PF_EFULL;
	if (details->count == details->capacity && grow(details) != PF_OK)
		return PF_ENOMEM;
	struct kept *kept = kept_new(details, terms, &key);
	if (!kept)
		return PF_ENOMEM;
	if (slots_add(&details->slots, hash, details->count) != PF_OK) {
		kept_free(kept);
		return PF_ENOMEM;
	}
	details->kept[details->count++] = kept;
	details->bytes += sizeof *kept + kept->key_length +
	                  kept->detail.spared_count * sizeof *kept->detail.spared +
	                  kept->detail.client_count * sizeof *kept->detail.clients;
	*number = (uint32_t)details->count;
	return PF_OK;
}

const struct list_detail *list_details_get(const struct list_details *details, uint32_t number)
{
	return &details->kept[number - 1]->detail;
}

const uint8_t *list_details_key(const struct list_details *details, uint32_t number, size_t *length)
{
	*length = details->kept[number - 1]->key_length;
	return details->kept[number - 1]->key;
}

size_t list_details_count(const struct list_details *details)
{
	return details->count;
}

size_t list_details_bytes(const struct list_details *details)
{
	return sizeof *details + details->bytes + details->capacity * sizeof(*details->kept) +
	       details->slots.capacity * sizeof *details->slots.places;
}
