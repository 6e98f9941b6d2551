/* listen.web: an address, a list of them, `off`, or a mapping with all that can be said of the dashboard's listener. */
#include <ctype.h>
#include <string.h>

#include "base/buffer.h"
#include "config/sections.h"
#include "config/values.h"

#define WEB_PORT 8053
#define WEB_ADDRESS "127.0.0.1"
#define SESSION_DEFAULT_US (INT64_C(12) * 3600 * 1000000)
#define SESSION_MAX_US (INT64_C(365) * 86400 * 1000000)
#define NAME_BYTES_MAX 254
#define TEXT_BYTES_MAX 16384 /* of a description: the names and two paths */

static void read_addresses(struct reader *reader, const struct node *node, void *target)
{
	struct config_web *web = &((struct config *)target)->web;
	const struct list_shape shape = {"listen.web", "an address, a list of addresses, or off",
	                                 CONFIG_WEB_MAX, false};
	web->count = 0;
	if (!reader_list(reader, node, &shape))
		return;
	for (const struct node *item = reader_first(node); item; item = reader_next(node, item)) {
		struct addr_port one;
		if (!value_addr_port(reader, item, "listen.web", WEB_PORT, &one))
			continue;
		size_t i = 0;
		while (i < web->count && (!addr_equal(&web->addresses[i].addr, &one.addr) ||
		                          web->addresses[i].port != one.port))
			i++;
		if (i < web->count)
			tell_error(reader, item->pos, "`listen.web` names `%s` twice", item->text);
		else
			web->addresses[web->count++] = one;
	}
}

/* A name that stands in the Host of a request; what it resolves to does not matter here. */
static void read_names(struct reader *reader, const struct node *node, void *target)
{
	struct config_web *web = &((struct config *)target)->web;
	const struct list_shape shape = {"listen.web.names", "a name or a list of names",
	                                 CONFIG_WEB_NAMES_MAX, false};
	if (!reader_list(reader, node, &shape))
		return;
	for (const struct node *item = reader_first(node); item; item = reader_next(node, item)) {
		char *name = reader_name(reader, item, "listen.web.names", NAME_BYTES_MAX);
		if (!name)
			continue;
		for (char *c = name; *c; c++)
			*c = (char)tolower((unsigned char)*c);
		web->names[web->name_count++] = name;
	}
}

static void read_session(struct reader *reader, const struct node *node, void *target)
{
	struct config_web *web = &((struct config *)target)->web;
	reader_duration(reader, node, "listen.web.session", &web->session_us);
	if (web->session_us > SESSION_MAX_US)
		tell_error(reader, node->pos, "`listen.web.session` is longer than a year");
}

static void read_file(struct reader *reader, const struct node *node, const char *key, char **path)
{
	*path = reader_path(reader, node, key);
}

static void read_certificate_file(struct reader *reader, const struct node *node, void *target)
{
	struct config *config = target;
	read_file(reader, node, "listen.web.certificate.file", &config->web.certificate);
}

static void read_key_file(struct reader *reader, const struct node *node, void *target)
{
	struct config *config = target;
	read_file(reader, node, "listen.web.certificate.key", &config->web.key);
}

static void read_certificate(struct reader *reader, const struct node *node, void *target)
{
	static const struct field fields[] = {
		{"file", read_certificate_file, true},
		{"key", read_key_file, true},
	};
	(void)reader_mapping(reader, node, "`listen.web.certificate`", fields, PF_COUNT(fields),
	                     target);
}

void section_web(struct reader *reader, const struct node *node, void *target)
{
	static const struct field fields[] = {
		{"address", read_addresses, false},
		{"names", read_names, false},
		{"session", read_session, false},
		{"certificate", read_certificate, false},
	};
	struct config_web *web = &((struct config *)target)->web;
	web->pos = node->pos;
	if (node->kind == NODE_MAPPING)
		(void)reader_mapping(reader, node, "`listen.web`", fields, PF_COUNT(fields), target);
	else if (node->kind == NODE_SCALAR && value_switch(node) == 0)
		web->count = 0;
	else
		read_addresses(reader, node, target);
}

void default_web(struct reader *reader)
{
	struct config_web *web = &reader->config->web;
	web->session_us = SESSION_DEFAULT_US;
	if (addr_port_parse(WEB_ADDRESS, WEB_PORT, &web->addresses[0]) == PF_OK)
		web->count = 1;
}

char *config_describe_web(const struct config *config)
{
	const struct config_web *web = &config->web;
	struct buffer text;
	buffer_init(&text, TEXT_BYTES_MAX);
	for (size_t i = 0; i < web->count; i++) {
		char address[ADDR_PORT_TEXT_MAX];
		addr_port_format(&web->addresses[i], address);
		buffer_print(&text, "%s\n", address);
	}
	for (size_t i = 0; i < web->name_count; i++)
		buffer_print(&text, "%s\n", web->names[i]);
	buffer_print(&text, "%lld %s %s", (long long)web->session_us,
	             web->certificate ? web->certificate : "", web->key ? web->key : "");
	if (!text.failed)
		return text.data;
	buffer_deinit(&text);
	return NULL;
}
