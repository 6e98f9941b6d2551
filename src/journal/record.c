/* Words of a record, and its flat form: a fixed part, then its strings (each with its NUL), then its messages (flat_wire.c), then the
 * answer's hops and addresses. */
#include "journal/record.h"

#include <assert.h>
#include <string.h>

#include "base/copy.h"
#include "dns/answer.h"
#include "journal/flagged.h"
#include "journal/flat.h"

static_assert(RECORD_HOP_MAX == ANSWER_HOP_MAX, "every hop of an answer is journalled");

static const char *const source_words[] = {"policy", "cache", "stale", "upstream"};

const char *record_source_word(enum record_source source)
{
	return source_words[source];
}

struct flat_answer {
	uint16_t overseas_count, judged_count;
	uint16_t address_count;
	uint8_t hop_count;
	uint8_t standing, confidence, unused;
};

struct flat_address {
	uint32_t asn;
	struct addr address;
	struct country location, control;
	uint8_t standing, confidence, special, anycast;
	uint8_t organisation_length, evidence_length;
	uint8_t unused[3];
};

static_assert(sizeof(struct flat_head) == 64 && sizeof(struct flat_key) == 48 &&
                  sizeof(struct flat_address) == 36,
              "no padding");

static_assert(sizeof(struct flat_head) + DEVICE_ID_MAX + DEVICE_NAME_MAX + RECORD_RULE_MAX +
                      RECORD_UPSTREAM_MAX + RECORD_REASON_MAX + NAME_WIRE_MAX +
                      sizeof(struct flat_answer) + RECORD_HOP_MAX * NAME_WIRE_MAX +
                      RECORD_ADDRESS_MAX *
                          (sizeof(struct flat_address) + sizeof(struct record_address)) +
                      FLAT_WIRE_MAX <=
                  RECORD_BYTES_MAX,
              "the largest record has room");
static_assert(RECORD_ADDRESS_MAX <= UINT16_MAX && RECORD_RULE_MAX <= UINT8_MAX, "counts have room");

/* ---- writing ----------------------------------------------------------------------------- */

/* What is too long is cut before a character, never inside one (UTF-8). */
static size_t text_length(const char *text, size_t max)
{
	if (!text || !*text)
		return 0;
	size_t length = strnlen(text, max - 1);
	if (length == max - 1)
		while (length && (text[length] & 0xc0) == 0x80)
			length--;
	return length;
}

/* The same of a text whose length may be known already. */
static inline size_t known_length(const char *text, size_t length, size_t max)
{
	return length && length < max - 1 ? length : text_length(text, max);
}

static struct flat_answer answer_head(const struct record_answer *answer)
{
	return (struct flat_answer){
		.overseas_count = answer->overseas_count,
		.judged_count = answer->judged_count,
		.hop_count =
			(uint8_t)(answer->hop_count < RECORD_HOP_MAX ? answer->hop_count : RECORD_HOP_MAX),
		.address_count =
			(uint16_t)(answer->address_count < RECORD_ADDRESS_MAX ? answer->address_count
	                                                              : RECORD_ADDRESS_MAX),
		.standing = answer->standing,
		.confidence = answer->confidence,
	};
}

static struct flat_head record_head(const struct record *record, const struct flat_texts *texts)
{
	return (struct flat_head){
		.time_wall_us = record->time_wall_us,
		.took_us = record->took_us,
		.marks = (uint8_t)((record->answer ? FLAT_ANSWER : 0) | (record->wire ? FLAT_WIRE : 0)),
		.key = {.answer_id = record->answer_id,
	            .type = record->type,
	            .rule = record->rule,
	            .reason_length = texts->reason,
	            .device_id_length = texts->device_id,
	            .device_name_length = texts->device_name,
	            .rule_name_length = texts->rule_name,
	            .upstream_length = texts->upstream,
	            .name_length = record->name->length,
	            .rcode = record->rcode,
	            .action = record->action,
	            .source = record->source,
	            .standing = record->standing,
	            .confidence = record->confidence,
	            .protocol = record->protocol,
	            .dnssec = record->dnssec,
	            .privacy = record->privacy,
	            .dropped_reply = record->dropped_reply,
	            .client = record->client},
	};
}

size_t flat_measure(const struct record *record, struct flat_texts *texts)
{
	texts->reason =
		(uint16_t)known_length(record->reason, record->reason_length, RECORD_REASON_MAX);
	texts->device_id = (uint8_t)text_length(record->device_id, DEVICE_ID_MAX);
	texts->device_name = (uint8_t)text_length(record->device_name, DEVICE_NAME_MAX);
	texts->rule_name =
		(uint8_t)known_length(record->rule_name, record->rule_name_length, RECORD_RULE_MAX);
	texts->upstream = (uint8_t)text_length(record->upstream, RECORD_UPSTREAM_MAX);
	size_t bytes = sizeof(struct flat_head) + record->name->length + texts->reason +
	               texts->device_id + texts->device_name + texts->rule_name + texts->upstream + 5u;
	if (record->wire)
		bytes += flat_wire_bytes(record->wire);
	if (!record->answer)
		return bytes;
	struct flat_answer head = answer_head(record->answer);
	bytes += sizeof head;
	for (size_t i = 0; i < head.hop_count; i++)
		bytes += record->answer->hops[i].length;
	for (size_t i = 0; i < head.address_count; i++) {
		const struct record_address *address = &record->answer->addresses[i];
		bytes += sizeof(struct flat_address) +
		         text_length(address->organisation, sizeof address->organisation) +
		         text_length(address->evidence, sizeof address->evidence) + 2;
	}
	return bytes;
}

static uint8_t *write_text(uint8_t *out, const char *text, size_t length)
{
	out = copy_bytes(out, text, length);
	*out = '\0';
	return out + 1;
}

static uint8_t *write_address(uint8_t *out, const struct record_address *address)
{
	struct flat_address head = {
		.asn = address->asn,
		.address = address->address,
		.location = address->location,
		.control = address->control,
		.standing = address->standing,
		.confidence = address->confidence,
		.special = address->special,
		.anycast = address->anycast,
		.organisation_length =
			(uint8_t)text_length(address->organisation, sizeof address->organisation),
		.evidence_length = (uint8_t)text_length(address->evidence, sizeof address->evidence),
	};
	out = copy_bytes(out, &head, sizeof head);
	out = write_text(out, address->organisation, head.organisation_length);
	return write_text(out, address->evidence, head.evidence_length);
}

static void write_answer(const struct record_answer *content, uint8_t *out)
{
	struct flat_answer answer = answer_head(content);
	out = copy_bytes(out, &answer, sizeof answer);
	for (size_t i = 0; i < answer.hop_count; i++)
		out = copy_bytes(out, content->hops[i].wire, content->hops[i].length);
	for (size_t i = 0; i < answer.address_count; i++)
		out = write_address(out, &content->addresses[i]);
}

void flat_put(const struct record *record, const struct flat_texts *texts, uint8_t *out)
{
	struct flat_head head = record_head(record, texts);
	memcpy(out, &head, sizeof head);
	out = copy_bytes(out + sizeof head, record->name->wire, record->name->length);
	out = write_text(out, record->device_id, texts->device_id);
	out = write_text(out, record->device_name, texts->device_name);
	out = write_text(out, record->rule_name, texts->rule_name);
	out = write_text(out, record->reason, texts->reason);
	out = write_text(out, record->upstream, texts->upstream);
	if (record->wire)
		out = flat_wire_write(record->wire, out);
	if (record->answer)
		write_answer(record->answer, out);
}

size_t flat_bytes(const struct record *record)
{
	struct flat_texts texts;
	return flat_measure(record, &texts);
}

void flat_write(const struct record *record, uint8_t *out)
{
	struct flat_texts texts;
	(void)flat_measure(record, &texts);
	flat_put(record, &texts, out);
}

size_t flat_key_write(const struct record *record, uint8_t out[FLAT_KEY_MAX], const uint8_t **key)
{
	struct flat_texts texts;
	struct record plain = *record;
	plain.answer = NULL;
	plain.wire = NULL;
	size_t length = flat_measure(&plain, &texts);
	flat_put(&plain, &texts, out);
	*key = out + offsetof(struct flat_head, key);
	return length - offsetof(struct flat_head, key);
}

/* ---- reading ----------------------------------------------------------------------------- */

struct reader {
	const uint8_t *at, *end;
	bool failed; /* the bytes ended too early, or said something impossible */
};

static void read_bytes(struct reader *reader, void *out, size_t length)
{
	if (reader->failed || (size_t)(reader->end - reader->at) < length) {
		reader->failed = true;
		memset(out, 0, length);
		return;
	}
	memcpy(out, reader->at, length);
	reader->at += length;
}

static const char *read_text(struct reader *reader, size_t length, size_t max)
{
	if (reader->failed || length >= max || (size_t)(reader->end - reader->at) <= length ||
	    strnlen((const char *)reader->at, length + 1) != length) {
		reader->failed = true;
		return "";
	}
	const char *text = (const char *)reader->at;
	reader->at += length + 1;
	return text;
}

/* Names in rings are lower case already and have no pointers: it is only seen whether the labels fit. */
int flat_name_read(const uint8_t *bytes, size_t length, struct dns_name *name)
{
	size_t at = 0, max = length < NAME_WIRE_MAX ? length : NAME_WIRE_MAX;
	uint8_t labels = 0;
	for (; at < max && bytes[at]; at += 1u + bytes[at], labels++)
		if (bytes[at] > NAME_LABEL_MAX)
			return PF_EINVAL;
	if (at >= max)
		return PF_EINVAL;
	name->length = (uint8_t)(at + 1);
	name->labels = labels;
	memcpy(name->wire, bytes, at + 1);
	return (int)at + 1;
}

static void read_name(struct reader *reader, struct dns_name *name)
{
	int length = reader->failed
	                 ? PF_EINVAL
	                 : flat_name_read(reader->at, (size_t)(reader->end - reader->at), name);
	if (length < 0)
		reader->failed = true;
	else
		reader->at += length;
}

static bool addr_sound(const struct addr *addr)
{
	return addr->family == 4 || addr->family == 6 || addr->family == 0;
}

static bool country_sound(struct country country)
{
	return !country.code[2];
}

static void read_address(struct reader *reader, struct record_address *address)
{
	struct flat_address head;
	read_bytes(reader, &head, sizeof head);
	address->address = head.address;
	address->standing = head.standing;
	address->confidence = head.confidence;
	address->special = head.special != 0;
	address->anycast = head.anycast != 0;
	address->location = head.location;
	address->control = head.control;
	address->asn = head.asn;
	const char *organisation =
		read_text(reader, head.organisation_length, sizeof address->organisation);
	const char *evidence = read_text(reader, head.evidence_length, sizeof address->evidence);
	strcpy(address->organisation, organisation);
	strcpy(address->evidence, evidence);
	if (!addr_sound(&head.address) || !country_sound(head.location) ||
	    !country_sound(head.control) || head.standing > STANDING_INDETERMINATE ||
	    head.confidence > CONFIDENCE_HIGH)
		reader->failed = true;
}

static void read_answer(struct reader *reader, struct flat_record *out)
{
	struct flat_answer head;
	read_bytes(reader, &head, sizeof head);
	if (head.hop_count > RECORD_HOP_MAX || head.address_count > RECORD_ADDRESS_MAX ||
	    head.standing > STANDING_INDETERMINATE || head.confidence > CONFIDENCE_HIGH) {
		reader->failed = true;
		return;
	}
	for (size_t i = 0; i < head.hop_count && !reader->failed; i++)
		read_name(reader, &out->hops[i]);
	for (size_t i = 0; i < head.address_count && !reader->failed; i++)
		read_address(reader, &out->addresses[i]);
	out->answer = (struct record_answer){
		.standing = head.standing,
		.confidence = head.confidence,
		.overseas_count = head.overseas_count,
		.judged_count = head.judged_count,
		.hop_count = head.hop_count,
		.address_count = head.address_count,
		.hops = out->hops,
		.addresses = out->addresses,
	};
	out->record.answer = &out->answer;
}

static bool key_sound(const struct flat_key *head)
{
	return head->action <= ACTION_SINKHOLE && head->source <= SOURCE_UPSTREAM &&
	       head->standing <= STANDING_INDETERMINATE && head->confidence <= CONFIDENCE_HIGH &&
	       head->protocol < PROTOCOL_COUNT && head->dnssec <= DNSSEC_SECURE &&
	       head->privacy <= PRIVACY_ENDPOINTS_ONLY && addr_sound(&head->client) &&
	       head->dropped_reply <= 1 && head->device_id_length < DEVICE_ID_MAX &&
	       head->device_name_length < DEVICE_NAME_MAX && head->rule_name_length < RECORD_RULE_MAX &&
	       head->reason_length < RECORD_REASON_MAX && head->upstream_length < RECORD_UPSTREAM_MAX;
}

/* Bytes of the key, its texts included. */
static size_t key_length(const struct flat_key *key)
{
	return sizeof *key + key->name_length + key->device_id_length + key->device_name_length +
	       key->rule_name_length + key->reason_length + key->upstream_length + 5u;
}

bool flat_look(const uint8_t *bytes, size_t length, struct sink_brief *out)
{
	struct flat_head head;
	if (length < sizeof head)
		return false;
	memcpy(&head, bytes, sizeof head);
	const struct flat_key *key = &head.key;
	out->time_wall_us = head.time_wall_us;
	out->took_us = head.took_us;
	out->key = bytes + offsetof(struct flat_head, key);
	out->key_length = key_length(key);
	out->device_name =
		(const char *)bytes + sizeof head + key->name_length + key->device_id_length + 1;
	bool told = flagged_is(key->action, key->standing);
	return !(head.marks & FLAT_ANSWER) && key->privacy != PRIVACY_ENDPOINTS_ONLY && !told &&
	       length - offsetof(struct flat_head, key) >= out->key_length;
}

int flat_open(const uint8_t *bytes, size_t length, struct flat_opened *out)
{
	const struct flat_key *key = &out->head.key;
	if (length < sizeof out->head)
		return PF_EINVAL;
	memcpy(&out->head, bytes, sizeof out->head);
	size_t texts_end = offsetof(struct flat_head, key) + key_length(key);
	if (length < texts_end || !key_sound(key))
		return PF_EINVAL;
	out->name = bytes + sizeof out->head;
	out->device_id = (const char *)out->name + key->name_length;
	out->device_name = out->device_id + key->device_id_length + 1;
	out->rule_name = out->device_name + key->device_name_length + 1;
	out->reason = out->rule_name + key->rule_name_length + 1;
	out->upstream = out->reason + key->reason_length + 1;
	out->rest = bytes + texts_end;
	out->end = bytes + length;
	if (out->head.marks & FLAT_WIRE && flat_wire_open(out) != PF_OK)
		return PF_EINVAL;
	return out->head.marks & FLAT_ANSWER || out->rest == out->end ? PF_OK : PF_EINVAL;
}

static bool text_whole(const char *text, size_t length)
{
	return strnlen(text, length + 1) == length;
}

/* Are the texts as long as it was said, with no end in their midst? */
static bool texts_whole(const struct flat_opened *opened)
{
	const struct flat_key *key = &opened->head.key;
	return text_whole(opened->device_id, key->device_id_length) &&
	       text_whole(opened->device_name, key->device_name_length) &&
	       text_whole(opened->rule_name, key->rule_name_length) &&
	       text_whole(opened->reason, key->reason_length) &&
	       text_whole(opened->upstream, key->upstream_length);
}

static struct record read_head(const struct flat_opened *opened)
{
	const struct flat_key *key = &opened->head.key;
	return (struct record){
		.time_wall_us = opened->head.time_wall_us,
		.took_us = opened->head.took_us,
		.client = key->client,
		.device_id = opened->device_id,
		.device_name = opened->device_name,
		.type = key->type,
		.rcode = key->rcode,
		.dropped_reply = key->dropped_reply,
		.action = key->action,
		.source = key->source,
		.protocol = key->protocol,
		.dnssec = key->dnssec,
		.rule = key->rule,
		.rule_name = opened->rule_name,
		.reason = opened->reason,
		.upstream = opened->upstream,
		.standing = key->standing,
		.confidence = key->confidence,
		.answer_id = key->answer_id,
		.privacy = key->privacy,
	};
}

int flat_read(const uint8_t *bytes, size_t length, struct flat_record *out)
{
	const struct flat_opened *opened = &out->opened;
	uint8_t name_length;
	if (flat_open(bytes, length, &out->opened) != PF_OK || !texts_whole(opened))
		return PF_EINVAL;
	name_length = opened->head.key.name_length;
	if (flat_name_read(opened->name, name_length, &out->name) != name_length)
		return PF_EINVAL;
	out->record = read_head(opened);
	out->record.name = &out->name;
	struct reader reader = {opened->rest, opened->end, false};
	if (opened->head.marks & FLAT_WIRE) {
		reader.at = flat_wire_read(out);
		out->record.wire = &out->wire;
		reader.failed = !reader.at;
	}
	if (opened->head.marks & FLAT_ANSWER && !reader.failed)
		read_answer(&reader, out);
	return reader.failed || reader.at != reader.end ? PF_EINVAL : PF_OK;
}
