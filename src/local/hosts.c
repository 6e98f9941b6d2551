/* Gathers the owner's records from the configuration and the hosts file, and makes answers of them. */
#include "local/hosts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/compose.h"
#include "local/zones.h"

#define HOST_ADDRESSES_MAX 64           /* of one name, as in the configuration */
#define HOSTS_FILE_BYTES_MAX (16 << 20) /* as a configuration: what people write */

/* What is known of each host while it is gathered, in the order of hosts->hosts. */
struct gathered {
	struct addr *addresses;
	size_t count;
	uint32_t ttl_s;
};

struct gathering {
	struct hosts *hosts;
	struct gathered *gathered;
	size_t room;
	struct diag *diag;
	const struct config *config;
	size_t bad_count[HOSTS_BAD_NAME + 1];
	unsigned bad_line[HOSTS_BAD_NAME + 1]; /* the first of them */
};

void hosts_deinit(struct hosts *hosts)
{
	for (size_t i = 0; i < hosts->count; i++) {
		struct host *host = &hosts->hosts[i];
		answer_free(&host->a);
		answer_free(&host->aaaa);
		answer_free(&host->cname);
		answer_free(&host->ptr);
	}
	free(hosts->hosts);
	hosts->hosts = NULL;
	hosts->count = hosts->room = 0;
}

/* The host of a name, made when there is none; *index is its place. */
static int host_of(struct gathering *g, const struct dns_name *name, size_t *index, bool *created)
{
	struct hosts *hosts = g->hosts;
	struct names_node *node = names_add(hosts->table, name);
	if (!node)
		return hosts->table->count == NAMES_MAX ? PF_EFULL : PF_ENOMEM;
	*created = !node->host;
	if (node->host) {
		*index = node->host - 1;
		return PF_OK;
	}
	if (hosts->count == hosts->room) {
		size_t room = hosts->room ? hosts->room * 2 : 16;
		struct host *grown = realloc(hosts->hosts, room * sizeof *grown);
		if (!grown)
			return PF_ENOMEM;
		hosts->hosts = grown;
		hosts->room = room;
	}
	if (g->room < hosts->room) {
		struct gathered *more = realloc(g->gathered, hosts->room * sizeof *more);
		if (!more)
			return PF_ENOMEM;
		g->gathered = more;
		g->room = hosts->room;
	}
	*index = hosts->count++;
	hosts->hosts[*index] = (struct host){0};
	g->gathered[*index] = (struct gathered){0};
	node->host = (uint32_t)(*index + 1);
	return PF_OK;
}

static int add_address(struct gathered *gathered, const struct addr *addr)
{
	for (size_t i = 0; i < gathered->count; i++)
		if (addr_equal(&gathered->addresses[i], addr))
			return PF_OK;
	if (gathered->count == HOST_ADDRESSES_MAX)
		return PF_OK;
	if (!(gathered->count & (gathered->count - 1))) { /* 0, 1, 2, 4 …: it is full */
		size_t room = gathered->count ? gathered->count * 2 : 1;
		struct addr *grown = realloc(gathered->addresses, room * sizeof *grown);
		if (!grown)
			return PF_ENOMEM;
		gathered->addresses = grown;
	}
	gathered->addresses[gathered->count++] = *addr;
	return PF_OK;
}

static int make_name(const struct dns_name *name, uint16_t type, uint32_t ttl_s,
                     const struct dns_name *target, struct answer **out)
{
	struct answer_datum datum = {target->wire, target->length};
	return answer_make(name, type, ttl_s, &datum, 1, out);
}

static int add_configured(struct gathering *g, const struct config_host *from)
{
	size_t index;
	bool created;
	int result = host_of(g, &from->name, &index, &created);
	if (result != PF_OK)
		return result;
	struct host *host = &g->hosts->hosts[index];
	if (!created) {
		char text[NAME_TEXT_MAX];
		dns_name_to_text(&from->name, text);
		diag_error(g->diag, g->config->file, from->pos.line, from->pos.column,
		           "the host `%.255s` is given twice; first on line %u", text, host->line);
		return PF_EINVAL;
	}
	host->line = from->pos.line;
	host->target = from->target;
	g->gathered[index].ttl_s = from->ttl_s;
	if (from->has_cname)
		return make_name(&from->name, DNS_TYPE_CNAME, from->ttl_s, &from->target, &host->cname);
	if (from->has_ptr)
		return make_name(&from->name, DNS_TYPE_PTR, from->ttl_s, &from->target, &host->ptr);
	for (size_t i = 0; i < from->address_count && result == PF_OK; i++)
		result = add_address(&g->gathered[index], &from->addresses[i]);
	return result;
}

/* ---- the hosts file ---------------------------------------------------------------------- */

static int add_line(struct gathering *g, const struct hosts_line *line, unsigned number)
{
	int result = PF_OK;
	for (size_t i = 0; i < line->name_count && result == PF_OK; i++) {
		size_t index;
		bool created;
		result = host_of(g, &line->names[i], &index, &created);
		if (result != PF_OK)
			break;
		struct host *host = &g->hosts->hosts[index];
		if (created) {
			host->from_file = true;
			host->line = number;
			g->gathered[index].ttl_s = CONFIG_HOST_TTL_DEFAULT_S;
		}
		if (host->from_file) /* the configuration wins */
			result = add_address(&g->gathered[index], &line->addr);
	}
	return result;
}

static void tell_bad_lines(struct gathering *g)
{
	static const char *const what[] = {
		[HOSTS_ZONED] = "with a zone (%%) in the address are left out",
		[HOSTS_BAD_ADDR] = "do not begin with an address",
		[HOSTS_BAD_NAME] = "have no name, or one that is none",
	};
	for (size_t i = HOSTS_ZONED; i <= HOSTS_BAD_NAME; i++)
		if (g->bad_count[i])
			diag_warning(g->diag, g->config->hosts_file, g->bad_line[i], 0,
			             "%zu lines %s; this is the first", g->bad_count[i], what[i]);
}

static int read_lines(struct gathering *g, FILE *file)
{
	struct hosts_line line;
	char *text = NULL;
	size_t room = 0, total = 0;
	ssize_t length;
	int result = PF_OK;
	for (unsigned number = 1; result == PF_OK && (length = getline(&text, &room, file)) > 0;
	     number++) {
		total += (size_t)length;
		if (total > HOSTS_FILE_BYTES_MAX) {
			diag_error(g->diag, g->config->hosts_file, number, 0,
			           "the hosts file is larger than %d MiB; names to sinkhole belong into a list",
			           HOSTS_FILE_BYTES_MAX >> 20);
			result = PF_EINVAL;
			break;
		}
		enum hosts_parse parsed =
			hosts_parse_line(text, (size_t)length - (text[length - 1] == '\n'), &line);
		if (parsed == HOSTS_LINE)
			result = add_line(g, &line, number);
		else if (parsed != HOSTS_EMPTY && !g->bad_count[parsed]++)
			g->bad_line[parsed] = number;
	}
	free(text);
	return result;
}

static int read_file(struct gathering *g)
{
	const char *path = g->config->hosts_file;
	if (!path)
		return PF_OK;
	FILE *file = fopen(path, "re");
	if (!file) {
		diag_error(g->diag, g->config->file, g->config->hosts_file_pos.line,
		           g->config->hosts_file_pos.column, "the hosts file %s can not be read: %s", path,
		           strerror(errno));
		return PF_EINVAL;
	}
	int result = read_lines(g, file);
	if (result == PF_OK && ferror(file)) {
		diag_error(g->diag, path, 0, 0, "the hosts file can not be read to its end");
		result = PF_EINVAL;
	}
	fclose(file);
	tell_bad_lines(g);
	return result;
}

/* ---- answers ----------------------------------------------------------------------------- */

static int make_addresses(const struct dns_name *name, const struct gathered *gathered,
                          uint8_t family, struct answer **out)
{
	struct answer_datum data[HOST_ADDRESSES_MAX];
	size_t count = 0;
	for (size_t i = 0; i < gathered->count; i++)
		if (gathered->addresses[i].family == family)
			data[count++] =
				(struct answer_datum){gathered->addresses[i].bytes, family == 4 ? 4 : 16};
	if (!count)
		return PF_OK;
	return answer_make(name, family == 4 ? DNS_TYPE_A : DNS_TYPE_AAAA, gathered->ttl_s, data, count,
	                   out);
}

static bool is_unspecified(const struct addr *addr)
{
	static const uint8_t none[16];
	return !memcmp(addr->bytes, none, sizeof none);
}

/* The reverse name leads to the first name that has the address. */
static int make_reverse(struct gathering *g, const struct dns_name *name, const struct addr *addr,
                        uint32_t ttl_s, unsigned line, bool from_file)
{
	struct dns_name reverse;
	size_t index;
	bool created;
	if (is_unspecified(addr))
		return PF_OK;
	zones_reverse_name(addr, &reverse);
	int result = host_of(g, &reverse, &index, &created);
	if (result != PF_OK || !created)
		return result;
	struct host *host = &g->hosts->hosts[index];
	host->made = true;
	host->line = line;
	host->from_file = from_file;
	return make_name(&reverse, DNS_TYPE_PTR, ttl_s, name, &host->ptr);
}

static int make_answers(struct gathering *g)
{
	int result = PF_OK;
	size_t count = g->hosts->table->count;
	for (size_t i = 0; i < count && result == PF_OK; i++) {
		const struct names_node *node = &g->hosts->table->nodes[i];
		if (!node->host)
			continue;
		struct dns_name name = node->name; /* what follows may move the nodes */
		size_t index = node->host - 1;
		struct gathered from = g->gathered[index];
		struct host *host = &g->hosts->hosts[index];
		unsigned line = host->line;
		bool from_file = host->from_file;
		result = make_addresses(&name, &from, 4, &host->a);
		if (result == PF_OK)
			result = make_addresses(&name, &from, 6, &host->aaaa);
		for (size_t a = 0; a < from.count && result == PF_OK; a++)
			result = make_reverse(g, &name, &from.addresses[a], from.ttl_s, line, from_file);
	}
	return result;
}

int hosts_build(struct hosts *hosts, const struct config *config, struct diag *diag)
{
	struct gathering g = {.hosts = hosts, .diag = diag, .config = config};
	int result = PF_OK;
	for (size_t i = 0; i < config->host_count; i++) {
		int one = add_configured(&g, &config->hosts[i]);
		if (result == PF_OK || one == PF_ENOMEM)
			result = one; /* each second one is told */
		if (one == PF_ENOMEM)
			break;
	}
	if (result == PF_OK)
		result = read_file(&g);
	if (result == PF_OK)
		result = make_answers(&g);
	if (result == PF_EFULL) {
		diag_error(diag, config->hosts_file ? config->hosts_file : config->file, 0, 0,
		           "there are more than %u names and reverse names of hosts; names to sinkhole "
		           "belong into a list",
		           NAMES_MAX);
		result = PF_EINVAL;
	}
	for (size_t i = 0; i < hosts->count && g.gathered; i++)
		free(g.gathered[i].addresses);
	free(g.gathered);
	return result;
}
