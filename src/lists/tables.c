/* The tables of tables.h. */
#include "lists/tables.h"

#include <string.h>

static const enum list_trigger network_triggers[] = {TRIGGER_CLIENT, TRIGGER_ADDRESS,
                                                     TRIGGER_NS_ADDRESS};

int list_tables_init(struct list_tables *tables, struct list_index *index,
                     const struct tag_table *tags)
{
	memset(tables, 0, sizeof *tables);
	tables->index = index;
	tables->details = list_details_new(tags);
	tables->patterns = list_patterns_new();
	bool whole = tables->index && tables->details && tables->patterns;
	for (size_t i = 0; i < PF_COUNT(network_triggers); i++) {
		tables->networks[network_triggers[i]] = list_prefixes_new();
		whole &= tables->networks[network_triggers[i]] != NULL;
	}
	return whole ? PF_OK : PF_ENOMEM;
}

void list_tables_deinit(struct list_tables *tables)
{
	list_index_free(&tables->index);
	list_details_free(&tables->details);
	list_patterns_free(&tables->patterns);
	for (size_t i = 0; i < TRIGGER_COUNT; i++)
		list_prefixes_free(&tables->networks[i]);
}

bool list_server_name(const struct dns_name *name, struct dns_name *out)
{
	static const uint8_t mark[] = {2, 0, 'n', 0};
	if (name->length - 1u + sizeof mark > NAME_WIRE_MAX)
		return false;
	memcpy(out->wire, name->wire, name->length - 1u);
	memcpy(out->wire + name->length - 1, mark, sizeof mark);
	out->length = (uint8_t)(name->length - 1 + sizeof mark);
	out->labels = (uint8_t)(name->labels + 1);
	return true;
}

static int add_to_index(struct list_tables *tables, const struct dns_name *name,
                        const struct list_entry *entry)
{
	return tables->names_known ? PF_OK : list_index_add(tables->index, name, entry);
}

static int add_name(struct list_tables *tables, const struct line_item *item,
                    const struct list_entry *entry)
{
	struct dns_name marked;
	if (item->trigger == TRIGGER_NAME)
		return add_to_index(tables, &item->name, entry);
	if (!list_server_name(&item->name, &marked))
		return PF_ECONFLICT; /* 252 bytes and more: no name server is called so */
	list_set_add(&tables->by_answer, entry->list);
	list_set_add(&tables->by_server, entry->list);
	return add_to_index(tables, &marked, entry);
}

int list_tables_add(struct list_tables *tables, uint16_t list, const struct line_item *item,
                    unsigned line)
{
	struct list_entry entry = {.list = list, .covers = item->covers};
	if (item->terms) {
		int error = list_details_add(tables->details, item->terms, &entry.detail);
		if (error != PF_OK)
			return error;
		if (item->terms->has_reply)
			list_set_add(&tables->replying, list);
	}
	if (entry.detail || item->kind != ITEM_NAME || item->trigger != TRIGGER_NAME)
		list_set_add(&tables->beyond, list);
	switch (item->kind) {
	case ITEM_NAME: return add_name(tables, item, &entry);
	case ITEM_PATTERN:
		return list_patterns_add(tables->patterns, item->regex, strlen(item->regex), &entry, line);
	default: break;
	}
	list_set_add(item->trigger == TRIGGER_CLIENT ? &tables->by_client : &tables->by_answer, list);
	return list_prefixes_add(tables->networks[item->trigger], &item->prefix, &entry);
}

int list_tables_seal(struct list_tables *tables, const struct regex_keep *keep,
                     void (*tell)(void *data, uint16_t list, unsigned line, const char *message),
                     void *data)
{
	if (!tables->names_known && list_index_seal(tables->index) != PF_OK)
		return PF_ENOMEM;
	for (size_t i = 0; i < PF_COUNT(network_triggers); i++)
		list_prefixes_seal(tables->networks[network_triggers[i]]);
	int error = list_patterns_seal(tables->patterns, keep, tell, data);
	return error == PF_ENOMEM ? PF_ENOMEM : PF_OK;
}

/* ---- identities ---------------------------------------------------------------------------- */

static uint64_t mix(uint64_t sum, const void *bytes, size_t length)
{
	return hash_bytes((struct hash_key){sum}, bytes, length);
}

static uint64_t identity(const struct line_item *item, uint64_t terms)
{
	/* The index puts entries together that differ only in what they cover. */
	const uint8_t kind[] = {(uint8_t)item->kind, (uint8_t)item->trigger,
	                        item->covers & LIST_EXCEPTION};
	uint64_t sum = mix(terms, kind, sizeof kind);
	switch (item->kind) {
	case ITEM_NAME: return mix(sum, item->name.wire, item->name.length);
	case ITEM_PATTERN: return mix(sum, item->regex, strlen(item->regex));
	case ITEM_NETWORK:
		sum = mix(sum, &item->prefix.length, sizeof item->prefix.length);
		return mix(sum, &item->prefix.addr, sizeof item->prefix.addr);
	default: return 0;
	}
}

uint64_t list_item_identity(const struct line_item *item)
{
	bool plain = !item->terms || terms_empty(item->terms);
	return identity(item, plain ? 0 : terms_hash(item->terms));
}

uint64_t list_entry_identity(const struct list_tables *tables, const struct line_item *item,
                             uint32_t detail)
{
	size_t length;
	if (!detail)
		return identity(item, 0);
	const uint8_t *key = list_details_key(tables->details, detail, &length);
	return identity(item, mix(0, key, length));
}

size_t list_tables_bytes(const struct list_tables *tables)
{
	size_t bytes = list_index_bytes(tables->index) + list_details_bytes(tables->details) +
	               list_patterns_bytes(tables->patterns);
	for (size_t i = 0; i < PF_COUNT(network_triggers); i++)
		bytes += list_prefixes_bytes(tables->networks[network_triggers[i]]);
	return bytes;
}
