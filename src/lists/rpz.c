/* The reader of rpz.h. */
#include "lists/rpz.h"

#include <string.h>

#include "base/addr.h"
#include "dns/dns.h"
#include "lists/part.h"

/* The label at `at`, as its length byte and its text. */
static bool label_is(const uint8_t *at, const char *word)
{
	return at[0] == strlen(word) && !memcmp(at + 1, word, at[0]);
}

static const uint8_t *label_after(const uint8_t *at)
{
	return at + at[0] + 1;
}

/* Where the label number `index` begins. */
static const uint8_t *label_at(const struct dns_name *name, unsigned index)
{
	const uint8_t *at = name->wire;
	while (index--)
		at = label_after(at);
	return at;
}

static void cut_last(const struct dns_name *name, struct dns_name *out)
{
	size_t length = (size_t)(label_at(name, name->labels - 1u) - name->wire);
	memcpy(out->wire, name->wire, length);
	out->wire[length] = 0;
	out->length = (uint8_t)(length + 1);
	out->labels = (uint8_t)(name->labels - 1);
}

static void cut_first(struct dns_name *name)
{
	size_t length = name->wire[0] + 1u;
	memmove(name->wire, name->wire + length, name->length - length);
	name->length = (uint8_t)(name->length - length);
	name->labels--;
}

/* ---- networks ------------------------------------------------------------------------------ */

/* A number of decimal digits up to `max`, or -1. */
static int read_decimal(const uint8_t *label, unsigned max)
{
	unsigned value = 0;
	if (!label[0] || label[0] > 3)
		return -1;
	for (unsigned i = 1; i <= label[0]; i++) {
		if (label[i] < '0' || label[i] > '9')
			return -1;
		value = value * 10 + (unsigned)(label[i] - '0');
	}
	return value <= max ? (int)value : -1;
}

static bool read_v4(const struct dns_name *owner, struct prefix *prefix)
{
	int length = read_decimal(owner->wire, 32);
	prefix->addr = (struct addr){.family = 4};
	for (unsigned i = 0; i < 4; i++) {
		int byte = read_decimal(label_at(owner, 4 - i), 255);
		if (byte < 0)
			return false;
		prefix->addr.bytes[i] = (uint8_t)byte;
	}
	prefix->length = (uint8_t)length;
	return length > 0;
}

/* "128.1.zz.db8.2001": the words from the last to the first, `zz` for what `::` stands for. */
static bool read_v6(const struct dns_name *owner, unsigned count, struct prefix *prefix)
{
	char text[ADDR_TEXT_MAX] = "";
	size_t used = 0;
	bool gap = false; /* the text ends with "::" */
	int length = read_decimal(owner->wire, 128);
	for (unsigned i = count - 1; i > 0; i--) {
		const uint8_t *label = label_at(owner, i);
		if (label[0] > 4 || used + 2 + label[0] >= sizeof text)
			return false;
		if (label_is(label, "zz")) {
			memcpy(text + used, "::", 2);
			used += 2;
			gap = true;
			continue;
		}
		if (used && !gap)
			text[used++] = ':';
		gap = false;
		memcpy(text + used, label + 1, label[0]);
		used += label[0];
	}
	text[used] = '\0';
	if (length <= 0 || addr_parse(text, &prefix->addr) != PF_OK || prefix->addr.family != 6)
		return false;
	prefix->length = (uint8_t)length;
	return true;
}

static bool host_bits_are_zero(const struct prefix *prefix)
{
	for (unsigned i = prefix->length; i < addr_bits(&prefix->addr); i++)
		if (prefix->addr.bytes[i / 8] >> (7 - i % 8) & 1)
			return false;
	return true;
}

/* ---- triggers ------------------------------------------------------------------------------ */

static void read_network(const struct dns_name *owner, enum list_trigger trigger,
                         struct line_item *item)
{
	unsigned count = owner->labels - 1u; /* without rpz-ip */
	item->kind = ITEM_NETWORK;
	item->trigger = trigger;
	bool good = count == 5 && read_v4(owner, &item->prefix);
	if (!good)
		good = count >= 2 && count <= 9 && read_v6(owner, count, &item->prefix);
	if (!good || !host_bits_are_zero(&item->prefix))
		item_skip(item, SKIP_RECORD);
}

static void read_name(const struct dns_name *owner, struct line_item *item)
{
	item->kind = ITEM_NAME;
	item->name = *owner;
	item->covers = LIST_COVERS_SELF;
	if (!label_is(owner->wire, "*"))
		return;
	item->covers = LIST_COVERS_BELOW;
	cut_first(&item->name);
	if (item->name.labels)
		return;
	item->kind = ITEM_PATTERN; /* the wildcard of the zone itself: every name but the root */
	item->regex = "[^.]";
	item->covers = 0;
}

static void read_owner(const struct dns_name *owner, struct line_item *item)
{
	static const struct {
		const char *word;
		enum list_trigger trigger;
	} kinds[] = {
		{"rpz-client-ip", TRIGGER_CLIENT},
		{"rpz-ip", TRIGGER_ADDRESS},
		{"rpz-nsip", TRIGGER_NS_ADDRESS},
	};
	const uint8_t *last = label_at(owner, owner->labels - 1u);
	for (size_t i = 0; i < PF_COUNT(kinds); i++) {
		if (!label_is(last, kinds[i].word))
			continue;
		read_network(owner, kinds[i].trigger, item);
		return;
	}
	if (!label_is(last, "rpz-nsdname")) {
		read_name(owner, item);
		return;
	}
	struct dns_name server;
	cut_last(owner, &server);
	if (!server.labels) {
		item_skip(item, SKIP_RECORD);
		return;
	}
	read_name(&server, item);
	item->trigger = TRIGGER_NS_NAME;
	if (item->kind != ITEM_NAME)
		item_skip(item, SKIP_RECORD);
}

/* ---- actions ------------------------------------------------------------------------------- */

static bool is_text(const struct dns_name *name, const char *word)
{
	return name->labels == 1 && label_is(name->wire, word);
}

static void read_cname(const struct rpz_record *record, struct terms *terms, struct line_item *item)
{
	struct dns_name target;
	terms->has_reply = true;
	if (dns_name_from_wire(record->rdata, record->rdata_length, 0, false, &target) !=
	    (int)record->rdata_length) {
		item_skip(item, SKIP_RECORD);
	} else if (!target.labels) {
		terms->reply = REPLY_NXDOMAIN;
	} else if (is_text(&target, "*")) {
		terms->reply = REPLY_NODATA;
	} else if (is_text(&target, "rpz-drop")) {
		terms->reply = REPLY_DROP;
	} else if (is_text(&target, "rpz-tcp-only")) {
		terms->reply = REPLY_TRUNCATED;
	} else if (is_text(&target, "rpz-passthru") || dns_name_equal(&target, record->owner)) {
		terms->has_reply = false;
		terms->nearest = true;
		item->covers |= LIST_EXCEPTION;
	} else if (terms_add_record(terms, DNS_TYPE_CNAME, target.wire, target.length) != PF_OK) {
		item_skip(item, SKIP_RECORD);
	}
}

/* What a signed zone holds besides its rules. */
static bool is_signature(uint16_t type)
{
	enum { DS = 43, DNSKEY = 48, NSEC3PARAM = 51, CDS = 59, CDNSKEY = 60, ZONEMD = 63 };
	return type == DNS_TYPE_RRSIG || type == DNS_TYPE_NSEC || type == DNS_TYPE_NSEC3 ||
	       type == DS || type == DNSKEY || type == NSEC3PARAM || type == CDS || type == CDNSKEY ||
	       type == ZONEMD;
}

void rpz_read(const struct rpz_record *record, struct terms *terms, struct line_item *item)
{
	terms_init(terms);
	item->covers = 0;
	item->trigger = TRIGGER_NAME;
	item->gathers = true;
	item->terms = terms;
	if (!record->owner->labels || is_signature(record->type)) {
		item->kind = ITEM_COMMENT;
		return;
	}
	read_owner(record->owner, item);
	if (item->kind == ITEM_SKIP)
		return;
	if (record->type == DNS_TYPE_CNAME)
		read_cname(record, terms, item);
	else if (record->type == DNS_TYPE_NS || record->type == DNS_TYPE_SOA ||
	         record->type == DNS_TYPE_DNAME ||
	         terms_add_record(terms, record->type, record->rdata, record->rdata_length) != PF_OK)
		item_skip(item, SKIP_RECORD);
}
