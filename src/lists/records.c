/* The records of records.h. */
#include "lists/records.h"

#include <string.h>

#include "dns/dns.h"

/* Header and data of the record that begins at `at`. */
static size_t record_bytes(const struct rule_reply *reply, size_t at)
{
	return REPLY_RECORD_HEADER + dns_read16(reply->records + at + 2);
}

static bool has_type(const struct rule_reply *reply, uint16_t type)
{
	for (size_t at = 0; at < reply->record_bytes; at += record_bytes(reply, at))
		if (dns_read16(reply->records + at) == type)
			return true;
	return false;
}

bool records_fit(const struct rule_reply *reply, uint16_t type)
{
	return reply->kind != REPLY_RECORDS || has_type(reply, type) || has_type(reply, DNS_TYPE_CNAME);
}

void records_begin(struct list_reply *merged, const struct rule_reply *first)
{
	merged->reply = *first;
	merged->reply.records = merged->records;
	memcpy(merged->records, first->records, first->record_bytes);
}

static bool has_record(const struct rule_reply *reply, const uint8_t *record, size_t length)
{
	for (size_t at = 0; at < reply->record_bytes; at += record_bytes(reply, at))
		if (record_bytes(reply, at) == length && !memcmp(reply->records + at, record, length))
			return true;
	return false;
}

void records_add(struct list_reply *merged, const struct rule_reply *more, uint16_t type)
{
	if (has_type(&merged->reply, DNS_TYPE_CNAME) || has_type(more, DNS_TYPE_CNAME))
		return;
	for (size_t at = 0; at < more->record_bytes; at += record_bytes(more, at)) {
		const uint8_t *record = more->records + at;
		size_t length = record_bytes(more, at), used = merged->reply.record_bytes;
		if (dns_read16(record) != type || length > sizeof merged->records - used ||
		    has_record(&merged->reply, record, length))
			continue;
		memcpy(merged->records + used, record, length);
		merged->reply.record_bytes = (uint16_t)(used + length);
	}
}
