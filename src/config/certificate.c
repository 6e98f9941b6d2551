/* listen.certificate and listen.discovery: what the encrypted listeners show, and who is told of them. */
#include <ctype.h>
#include <string.h>

#include "base/buffer.h"
#include "config/sections.h"
#include "config/values.h"

#define MADE_FILE "certificate.pem"
#define MADE_KEY "certificate.key"
#define PATH_BYTES_MAX 4096

static void read_file(struct reader *reader, const struct node *node, void *target)
{
	struct config *config = target;
	config->certificate.file = reader_path(reader, node, "listen.certificate.file");
}

static void read_key(struct reader *reader, const struct node *node, void *target)
{
	struct config *config = target;
	config->certificate.key = reader_path(reader, node, "listen.certificate.key");
}

static void read_clients_ca(struct reader *reader, const struct node *node, void *target)
{
	((struct config_certificate *)target)->clients =
		reader_path(reader, node, "listen.certificate.clients.ca-file");
}

static void read_clients_required(struct reader *reader, const struct node *node, void *target)
{
	int on = value_switch(node);
	((struct config_certificate *)target)->clients_required = on > 0;
	if (on < 0)
		tell_error(reader, node->pos, "`listen.certificate.clients.require` must be yes or no");
}

/* Who shows a certificate of these authorities is the device that it names. */
static void read_clients(struct reader *reader, const struct node *node, void *target)
{
	static const struct field fields[] = {
		{"ca-file", read_clients_ca, true},
		{"require", read_clients_required, false},
	};
	(void)reader_mapping(reader, node, "`listen.certificate.clients`", fields, PF_COUNT(fields),
	                     &((struct config *)target)->certificate);
}

/* "dns.example.net": clients ask for coffee.dns.example.net and are `coffee`. */
static void read_names(struct reader *reader, const struct node *node, void *target)
{
	struct config_certificate *certificate = &((struct config *)target)->certificate;
	const struct list_shape shape = {"listen.certificate.names", "a name or a list of names",
	                                 CONFIG_CERTIFICATE_NAMES_MAX, false};
	if (!reader_list(reader, node, &shape))
		return;
	for (const struct node *item = reader_first(node); item; item = reader_next(node, item)) {
		struct dns_name name;
		char text[NAME_TEXT_MAX];
		if (!value_name(reader, item, "listen.certificate.names", &name))
			continue;
		dns_name_to_text(&name, text); /* in lower case, Unicode as A-labels, as clients send it */
		char *copy = reader_copy(reader, text);
		if (copy)
			certificate->names[certificate->name_count++] = copy;
	}
}

void section_certificate(struct reader *reader, const struct node *node, void *target)
{
	struct config_certificate *certificate = &((struct config *)target)->certificate;
	static const struct field fields[] = {
		{"file", read_file, false},
		{"key", read_key, false},
		{"names", read_names, false},
		{"clients", read_clients, false},
	};
	unsigned seen =
		reader_mapping(reader, node, "`listen.certificate`", fields, PF_COUNT(fields), target);
	certificate->pos = node->pos;
	if ((seen & 3) == 1 || (seen & 3) == 2)
		tell_error(reader, node->pos,
		           "`listen.certificate` needs `file` and `key`, or neither (then one is made)");
}

/* Names that RFC 9462 (4) forbids would lead nowhere. */
void section_discovery(struct reader *reader, const struct node *node, void *target)
{
	struct config_discovery *discovery = &((struct config *)target)->discovery;
	struct dns_name asked;
	int on = value_switch(node);
	discovery->pos = node->pos;
	discovery->off = on == 0;
	if (on >= 0)
		return;
	if (node->kind != NODE_SCALAR) {
		tell_error(reader, node->pos, "`listen.discovery` must be `on`, `off` or a name");
		return;
	}
	discovery->named = value_name(reader, node, "listen.discovery", &discovery->name);
	if (discovery->named && dns_name_from_text("resolver.arpa", &asked) == PF_OK &&
	    (discovery->name.labels <= 1 || dns_name_equal(&discovery->name, &asked) ||
	     dns_name_is_under(&discovery->name, &asked)))
		tell_error(reader, node->pos,
		           "`%s` can not be the name of a resolver: `listen.discovery` takes one that its "
		           "certificate is for",
		           node->text);
}

static char *in_state(struct reader *reader, const char *name)
{
	struct buffer path;
	char *copy = NULL;
	buffer_init(&path, PATH_BYTES_MAX);
	buffer_print(&path, "%s/%s", reader->config->state, name);
	if (!path.failed)
		copy = reader_copy(reader, path.data);
	buffer_deinit(&path);
	return copy;
}

void default_certificate(struct reader *reader)
{
	struct config_certificate *certificate = &reader->config->certificate;
	if (!certificate->wanted || certificate->file || certificate->key || !reader->config->state)
		return;
	certificate->made = true;
	certificate->file = in_state(reader, MADE_FILE);
	certificate->key = in_state(reader, MADE_KEY);
}
