/* The reader of terms.h. */
#include "lists/terms.h"

#include <string.h>
#include <strings.h>

#include "dns/dns.h"
#include "dns/rdata.h"
#include "lists/entry_name.h"

#define VALUE_BYTES_MAX 1024 /* of one modifier's value that is copied to be read */

void terms_init(struct terms *terms)
{
	terms->important = terms->nearest = terms->has_reply = false;
	terms->reply = REPLY_NULL;
	terms->record_bytes = 0;
	terms->type_count = 0;
	terms->clients.count = terms->tags.count = terms->spared.count = 0;
}

static void copy_spans(struct terms_spans *to, const struct terms_spans *from)
{
	to->count = from->count;
	for (size_t i = 0; i < from->count; i++)
		to->list[i] = from->list[i];
}

void terms_copy(struct terms *to, const struct terms *from)
{
	to->important = from->important;
	to->nearest = from->nearest;
	to->has_reply = from->has_reply;
	to->reply = from->reply;
	to->record_bytes = from->record_bytes;
	to->type_count = from->type_count;
	if (from->record_bytes)
		memcpy(to->records, from->records, from->record_bytes);
	for (size_t i = 0; i < from->type_count; i++)
		to->types[i] = from->types[i];
	copy_spans(&to->clients, &from->clients);
	copy_spans(&to->tags, &from->tags);
	copy_spans(&to->spared, &from->spared);
}

bool terms_empty(const struct terms *terms)
{
	return !terms->important && !terms->nearest && !terms->has_reply && !terms->type_count &&
	       !terms->clients.count && !terms->tags.count && !terms->spared.count;
}

int terms_add_record(struct terms *terms, uint16_t type, const uint8_t *rdata, size_t length)
{
	if (length > sizeof terms->records ||
	    terms->record_bytes + REPLY_RECORD_HEADER + length > sizeof terms->records)
		return PF_EFULL;
	uint8_t *at = terms->records + terms->record_bytes;
	dns_write16(at, type);
	dns_write16(at + 2, (uint16_t)length);
	if (length)
		memcpy(at + REPLY_RECORD_HEADER, rdata, length);
	terms->record_bytes += REPLY_RECORD_HEADER + length;
	terms->has_reply = true;
	terms->reply = REPLY_RECORDS;
	return PF_OK;
}

int terms_add_address(struct terms *terms, const struct addr *addr)
{
	return terms_add_record(terms, addr->family == 4 ? DNS_TYPE_A : DNS_TYPE_AAAA, addr->bytes,
	                        addr->family == 4 ? 4 : 16);
}

/* ---- the values of modifiers --------------------------------------------------------------- */

/* Copies the value as text that ends; false when it is too long or holds a NUL. */
static bool copy_value(const char *text, size_t length, char copy[VALUE_BYTES_MAX])
{
	if (length >= VALUE_BYTES_MAX || memchr(text, '\0', length))
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	return true;
}

/* Where the item that begins at `text` ends: at an unquoted `|`. */
static size_t item_length(const char *text, size_t length)
{
	char quote = 0;
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\\')
			i++;
		else if (quote && text[i] == quote)
			quote = 0;
		else if (!quote && i == 0 && (text[i] == '\'' || text[i] == '"'))
			quote = text[i];
		else if (!quote && text[i] == '|')
			return i;
	}
	return length;
}

/* "a|~b|'c d'" */
static bool read_spans(const char *text, size_t length, struct terms_spans *spans)
{
	spans->count = 0;
	for (bool more = length > 0; more;) {
		struct terms_span *span = &spans->list[spans->count];
		if (spans->count == TERMS_SPANS_MAX)
			return false;
		span->negated = *text == '~';
		text += span->negated;
		length -= span->negated;
		size_t some = item_length(text, length);
		if (!some)
			return false;
		span->text = text;
		span->length = (uint16_t)some;
		spans->count++;
		more = some < length;
		text += some + more;
		length -= some + more;
		if (more && !length)
			return false;
	}
	return spans->count > 0;
}

static bool read_types(struct terms *terms, const char *text, size_t length)
{
	struct terms_spans spans;
	char word[VALUE_BYTES_MAX];
	if (!read_spans(text, length, &spans))
		return false;
	terms->type_count = 0;
	for (size_t i = 0; i < spans.count; i++) {
		if (terms->type_count == TERMS_TYPES_MAX ||
		    !copy_value(spans.list[i].text, spans.list[i].length, word))
			return false;
		int type = dns_type_from_text(word);
		if (type < 0)
			return false;
		terms->types[terms->type_count].type = (uint16_t)type;
		terms->types[terms->type_count++].negated = spans.list[i].negated;
	}
	return true;
}

static bool read_spared(struct terms *terms, const char *text, size_t length)
{
	struct dns_name name;
	if (!read_spans(text, length, &terms->spared))
		return false;
	for (size_t i = 0; i < terms->spared.count; i++)
		if (terms->spared.list[i].negated ||
		    entry_name_read(terms->spared.list[i].text, terms->spared.list[i].length, &name) >= 0)
			return false;
	return true;
}

static bool rewrite_kind(const char *word, enum reply_kind *kind)
{
	if (!strcasecmp(word, "NXDOMAIN"))
		*kind = REPLY_NXDOMAIN;
	else if (!strcasecmp(word, "REFUSED"))
		*kind = REPLY_REFUSED;
	else if (!strcasecmp(word, "NOERROR"))
		*kind = REPLY_NODATA;
	else
		return false;
	return true;
}

static bool add_text_record(struct terms *terms, const char *type, const char *value)
{
	uint8_t rdata[RDATA_BYTES_MAX];
	int number = dns_type_from_text(type);
	if (number < 0)
		return false;
	int length = rdata_from_text((uint16_t)number, value, rdata);
	return length >= 0 && terms_add_record(terms, (uint16_t)number, rdata, (size_t)length) == PF_OK;
}

/* A word in capitals is a response code, and never the name of a host: one that is not known must not become a CNAME. */
static bool is_keyword(const char *text)
{
	return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == strlen(text);
}

/* "NXDOMAIN;;", "NOERROR;A;192.0.2.1" and the short forms "REFUSED", "192.0.2.1", "other.example". */
static bool read_rewrite(struct terms *terms, const char *text, size_t length)
{
	char copy[VALUE_BYTES_MAX];
	struct addr addr;
	if (!copy_value(text, length, copy) || !length)
		return false;
	terms->record_bytes = 0;
	terms->has_reply = true;
	char *type = strchr(copy, ';');
	if (!type) {
		if (rewrite_kind(copy, &terms->reply))
			return true;
		if (addr_parse(copy, &addr) == PF_OK)
			return terms_add_address(terms, &addr) == PF_OK;
		struct dns_name name;
		return !is_keyword(copy) && entry_name_read(copy, strlen(copy), &name) < 0 &&
		       terms_add_record(terms, DNS_TYPE_CNAME, name.wire, name.length) == PF_OK;
	}
	*type++ = '\0';
	char *value = strchr(type, ';');
	if (!value || !rewrite_kind(copy, &terms->reply))
		return false;
	*value++ = '\0';
	if (!*type && !*value)
		return true;
	return terms->reply == REPLY_NODATA && *type && *value && add_text_record(terms, type, value);
}

/* ---- the modifiers ------------------------------------------------------------------------- */

static bool is_word(const char *text, size_t length, const char *word)
{
	return strlen(word) == length && !memcmp(text, word, length);
}

static bool read_one(struct terms *terms, const char *text, size_t length, bool exception)
{
	const char *equals = memchr(text, '=', length);
	if (!equals) {
		terms->important |= is_word(text, length, "important");
		return is_word(text, length, "important");
	}
	size_t name = (size_t)(equals - text), value = length - name - 1;
	if (is_word(text, name, "dnstype"))
		return read_types(terms, equals + 1, value);
	if (is_word(text, name, "client"))
		return read_spans(equals + 1, value, &terms->clients);
	if (is_word(text, name, "ctag"))
		return read_spans(equals + 1, value, &terms->tags);
	if (is_word(text, name, "denyallow"))
		return read_spared(terms, equals + 1, value);
	if (is_word(text, name, "dnsrewrite"))
		return !exception && read_rewrite(terms, equals + 1, value);
	return false;
}

/* Up to the next comma that is not escaped or quoted. */
static size_t modifier_length(const char *text, size_t length)
{
	char quote = 0;
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\\')
			i++;
		else if (quote && text[i] == quote)
			quote = 0;
		else if (!quote && (text[i] == '"' || text[i] == '\''))
			quote = i && strchr("=|~", text[i - 1]) ? text[i] : 0;
		else if (!quote && text[i] == ',')
			return i;
	}
	return length;
}

int terms_read_modifiers(struct terms *terms, const char *text, size_t length, bool exception)
{
	for (;;) {
		size_t some = modifier_length(text, length), begin = 0, end = some;
		while (begin < end && text[begin] == ' ')
			begin++;
		while (begin < end && text[end - 1] == ' ')
			end--;
		if (begin == end || !read_one(terms, text + begin, end - begin, exception))
			return SKIP_MODIFIER;
		if (some == length)
			return -1;
		text += some + 1;
		length -= some + 1;
	}
}
