/* AdGuardHome.yaml: clients become devices, filters lists, rewrites hosts, upstreams upstreams. Rules of the user go to two files of AdGuard's
 * own syntax, which lists read: what he allows (`@@`) comes before all that denies. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/config.h"
#include "config/node.h"
#include "dns/name.h"
#include "import/fragment.h"

#define IDS_MAX 64
#define TAGS_TEXT_MAX 2560
#define UNFILTERED "unfiltered"

struct adguard {
	struct fragment fragment;
	const char *beside; /* NULL: nowhere */
	bool unfiltered;    /* some device is */
	unsigned rewrite_count, forward_count, upstream_count;
};

/* ---- the tree ---------------------------------------------------------------------------- */

static const struct node *get(const struct node *mapping, const char *key)
{
	return mapping && mapping->kind == NODE_MAPPING ? node_find(mapping, key) : NULL;
}

static const char *text_of(const struct node *mapping, const char *key)
{
	const struct node *node = get(mapping, key);
	return node && node->kind == NODE_SCALAR && !node_is_empty(node) ? node->text : "";
}

static bool is_true(const struct node *mapping, const char *key)
{
	return !strcmp(text_of(mapping, key), "true");
}

/* Is it said to be off? What is not said is on. */
static bool is_false(const struct node *mapping, const char *key)
{
	return !strcmp(text_of(mapping, key), "false");
}

static const struct node *items(const struct node *list)
{
	return list && list->kind == NODE_LIST ? list->first : NULL;
}

/* ---- clients ----------------------------------------------------------------------------- */

static void note_settings(struct adguard *adguard, const struct node *client, const char *name)
{
	static const char *const switches[] = {"parental_enabled", "safebrowsing_enabled",
	                                       "safesearch_enabled"};
	for (size_t i = 0; i < PF_COUNT(switches) && !is_true(client, "use_global_settings"); i++)
		if (is_true(client, switches[i]))
			fragment_note(&adguard->fragment, "`%s` of the client \"%s\": it has no equal here",
			              switches[i], name);
	const struct node *services = get(client, "blocked_services");
	if (services && (items(services) || items(get(services, "ids"))))
		fragment_note(&adguard->fragment,
		              "`blocked_services` of the client \"%s\": name a list for them", name);
	if (items(get(client, "upstreams")))
		fragment_note(&adguard->fragment,
		              "`upstreams` of the client \"%s\": `forward` is by zone, not by device",
		              name);
}

static void add_tag(char tags[TAGS_TEXT_MAX], const char *tag)
{
	size_t used = strlen(tags);
	if (tag && used + TAG_NAME_MAX + 2 < TAGS_TEXT_MAX)
		snprintf(tags + used, TAGS_TEXT_MAX - used, "%s%s", used ? ", " : "", tag);
}

static void take_client(struct adguard *adguard, const struct node *client)
{
	const char *ids[IDS_MAX], *name = text_of(client, "name");
	char tags[TAGS_TEXT_MAX] = "";
	size_t count = 0;
	for (const struct node *id = items(get(client, "ids")); id; id = id->next) {
		if (id->kind != NODE_SCALAR)
			continue;
		if (count == IDS_MAX) {
			fragment_note(&adguard->fragment,
			              "\"%s\" of the client \"%s\": it has more than %d ids", id->text, name,
			              IDS_MAX);
			continue;
		}
		ids[count++] = id->text;
	}
	for (const char *one = "ip"; one;
	     one = !strcmp(one, "ip") ? "mac" : NULL) /* before ids there were these */
		if (count < IDS_MAX && *text_of(client, one))
			ids[count++] = text_of(client, one);
	for (const struct node *tag = items(get(client, "tags")); tag; tag = tag->next)
		if (tag->kind == NODE_SCALAR)
			add_tag(tags, fragment_tag(&adguard->fragment, tag->text));
	if (!is_true(client, "use_global_settings") && is_false(client, "filtering_enabled")) {
		add_tag(tags, fragment_tag(&adguard->fragment, UNFILTERED));
		adguard->unfiltered = true;
	}
	note_settings(adguard, client, name);
	fragment_device(&adguard->fragment, *name ? name : "unnamed", ids, count, tags);
}

static void take_clients(struct adguard *adguard, const struct node *root)
{
	const struct node *clients = get(root, "clients");
	const struct node *persistent = get(clients, "persistent");
	for (const struct node *client = items(persistent ? persistent : clients); client;
	     client = client->next)
		take_client(adguard, client);
}

/* ---- lists ------------------------------------------------------------------------------- */

/* Whom the rules speak of. */
static const char *whom(const struct adguard *adguard)
{
	return adguard->unfiltered ? "all, \"!" UNFILTERED "\"" : "all";
}

static void add_rule(struct adguard *adguard, enum fragment_phase phase, const char *name,
                     const char *list)
{
	bool allow = phase == PHASE_ALLOW || phase == PHASE_ALLOW_LISTS;
	const struct fragment_rule rule = {phase, name, whom(adguard), allow, "lists", list, ""};
	if (list)
		fragment_rule(&adguard->fragment, &rule);
}

static void take_filters(struct adguard *adguard, const struct node *root, const char *key,
                         enum fragment_phase phase)
{
	for (const struct node *filter = items(get(root, key)); filter; filter = filter->next) {
		const char *name = text_of(filter, "name"), *url = text_of(filter, "url");
		if (is_false(filter, "enabled"))
			fragment_note(&adguard->fragment, "the filter \"%s\" (%s): it is switched off", name,
			              url);
		else
			add_rule(adguard, phase, *name ? name : "filter",
			         fragment_url_list(&adguard->fragment, *name ? name : url, url));
	}
}

static void add_file(struct adguard *adguard, const char *end, const char *name,
                     enum fragment_phase phase)
{
	char path[4096];
	snprintf(path, sizeof path, "%s%s", adguard->beside, end);
	add_rule(adguard, phase, name, fragment_file_list(&adguard->fragment, name, path));
}

static void take_user_rules(struct adguard *adguard, const struct node *root)
{
	struct import *import = adguard->fragment.import;
	size_t allowed = 0, denied = 0;
	for (const struct node *line = items(get(root, "user_rules")); line; line = line->next) {
		if (line->kind != NODE_SCALAR || node_is_empty(line))
			continue;
		bool allow = !strncmp(line->text, "@@", 2),
			 comment = line->text[0] == '!' || line->text[0] == '#';
		if (!adguard->beside && !comment)
			fragment_note(
				&adguard->fragment,
				"the rule `%s`: with --output it goes into a list beside the configuration",
				line->text);
		else if (strstr(line->text, "$dnsrewrite") || strstr(line->text, ",dnsrewrite"))
			fragment_note(&adguard->fragment,
			              "the rule `%s`: answers of one's own stand in `hosts`", line->text);
		else if (adguard->beside)
			buffer_print(allow ? &import->allow_list : &import->block_list, "%s\n",
			             line->text + (allow ? 2 : 0));
		if (adguard->beside && !allow && !comment && strstr(line->text, "important"))
			fragment_note(&adguard->fragment,
			              "`important` of the rule `%s`: here what is allowed comes first",
			              line->text);
		allowed += allow;
		denied += !allow && !comment;
	}
	if (adguard->beside && allowed)
		add_file(adguard, "-allow.txt", "allowed by the user", PHASE_ALLOW);
	if (adguard->beside && denied)
		add_file(adguard, "-block.txt", "denied by the user", PHASE_DENY);
}

/* ---- answers of one's own, upstreams ------------------------------------------------------- */

static void take_rewrite(struct adguard *adguard, const struct node *rewrite)
{
	const char *domain = text_of(rewrite, "domain"), *answer = text_of(rewrite, "answer");
	struct addr addr;
	struct dns_name name;
	const char *key = addr_parse(answer, &addr) == PF_OK ? "ip"
	                  : fragment_domain(answer)          ? "cname"
	                                                     : NULL;
	bool fresh = fragment_domain(domain) && dns_name_from_text(domain, &name) == PF_OK &&
	             fragment_is_new(&adguard->fragment, 'h', name.wire, name.length);
	if (key && !strcmp(key, "cname") && !strcasecmp(domain, answer)) {
		fragment_note(&adguard->fragment,
		              "the rewrite of \"%s\" to itself: an exception has no equal here", domain);
		return;
	}
	if (!fresh || !key || adguard->rewrite_count == CONFIG_HOSTS_MAX ||
	    is_false(rewrite, "enabled")) {
		fragment_note(&adguard->fragment,
		              "the rewrite of \"%s\" to \"%s\": write it into `hosts` by hand", domain,
		              answer);
		return;
	}
	adguard->rewrite_count++;
	buffer_print(&adguard->fragment.hosts, "  - {name: ");
	fragment_quote(&adguard->fragment.hosts, domain);
	buffer_print(&adguard->fragment.hosts, ", %s: ", key);
	fragment_quote(&adguard->fragment.hosts, answer);
	buffer_print(&adguard->fragment.hosts, "}\n");
}

static void take_upstream(struct adguard *adguard, const char *text)
{
	struct addr_port upstream;
	char shown[ADDR_PORT_TEXT_MAX];
	const char *plain = strncmp(text, "udp://", 6) ? text : text + 6;
	if (!*text || *text == '#')
		return;
	if (addr_port_parse(plain, 53, &upstream) != PF_OK ||
	    adguard->upstream_count == CONFIG_UPSTREAM_MAX) {
		fragment_note(&adguard->fragment,
		              "the upstream \"%s\": `upstreams` are addresses, asked over UDP and TCP%s",
		              text, *text == '[' ? "; zones of their own stand in `forward`" : "");
		return;
	}
	addr_port_format(&upstream, shown);
	if (!fragment_is_new(&adguard->fragment, 'u', shown, strlen(shown)))
		return;
	adguard->upstream_count++;
	buffer_print(&adguard->fragment.upstreams, "  - \"%s\"\n", shown);
}

static void take_settings(struct adguard *adguard, const struct node *root)
{
	static const char *const switches[] = {"parental_enabled", "safebrowsing_enabled",
	                                       "safesearch_enabled"};
	const struct node *dns = get(root, "dns"), *filtering = get(root, "filtering");
	const struct node *rewrites = get(filtering, "rewrites"),
					  *services = get(filtering, "blocked_services");
	for (const struct node *one = items(get(dns, "upstream_dns")); one; one = one->next)
		if (one->kind == NODE_SCALAR)
			take_upstream(adguard, one->text);
	for (const struct node *one = items(rewrites ? rewrites : get(dns, "rewrites")); one;
	     one = one->next)
		take_rewrite(adguard, one);
	for (size_t i = 0; i < PF_COUNT(switches); i++)
		if (is_true(filtering, switches[i]) || is_true(dns, switches[i]))
			fragment_note(&adguard->fragment, "`%s`: it has no equal here", switches[i]);
	if (is_false(filtering, "filtering_enabled") || is_false(dns, "filtering_enabled") ||
	    is_false(filtering, "protection_enabled") || is_false(dns, "protection_enabled"))
		fragment_note(&adguard->fragment,
		              "that filtering was switched off: these rules are in force");
	services = services ? services : get(dns, "blocked_services");
	if (services && (items(services) || items(get(services, "ids"))))
		fragment_note(&adguard->fragment, "`blocked_services`: name lists for them");
	if (is_true(get(root, "dhcp"), "enabled"))
		fragment_note(
			&adguard->fragment,
			"`dhcp`: portafilter gives no leases; it reads those of other servers (`leases`)");
	if (is_true(get(root, "tls"), "enabled"))
		fragment_note(&adguard->fragment, "`tls`: encrypted DNS is set up by hand");
}

/* ---- the whole --------------------------------------------------------------------------- */

static char *read_file(const char *path, size_t *length, char error[IMPORT_ERROR_MAX])
{
	FILE *file = fopen(path, "rb");
	char *text = file ? malloc(CONFIG_FILE_BYTES_MAX + 1) : NULL;
	if (!text) {
		snprintf(error, IMPORT_ERROR_MAX, "%s can not be read: %m.", path);
		if (file)
			fclose(file);
		return NULL;
	}
	*length = fread(text, 1, CONFIG_FILE_BYTES_MAX + 1, file);
	bool failed = ferror(file), large = *length > CONFIG_FILE_BYTES_MAX;
	fclose(file);
	if (!failed && !large)
		return text;
	snprintf(error, IMPORT_ERROR_MAX,
	         large ? "%s is larger than 16 MB." : "%s can not be read: %m.", path);
	free(text);
	return NULL;
}

static int read_tree(struct adguard *adguard, const char *path, const struct node *root,
                     char error[IMPORT_ERROR_MAX])
{
	static const char *const keys[] = {"filters", "user_rules", "clients", "dns", "schema_version"};
	size_t known = 0;
	for (size_t i = 0; i < PF_COUNT(keys); i++)
		known += get(root, keys[i]) != NULL;
	if (known < 2) {
		snprintf(error, IMPORT_ERROR_MAX,
		         "%s is no AdGuardHome.yaml: it has neither filters nor clients.", path);
		return PF_EINVAL;
	}
	take_clients(adguard, root);
	take_settings(adguard, root);
	take_user_rules(adguard, root);
	take_filters(adguard, root, "whitelist_filters", PHASE_ALLOW_LISTS);
	take_filters(adguard, root, "filters", PHASE_DENY_LISTS);
	return fragment_finish(&adguard->fragment, path, error);
}

int import_adguard(const char *path, const char *beside, struct import *import,
                   char error[IMPORT_ERROR_MAX])
{
	struct tree tree = {0};
	struct diag diag;
	size_t length;
	char *text = read_file(path, &length, error);
	if (!text)
		return PF_EIO;
	struct adguard *adguard = calloc(1, sizeof *adguard);
	int result = PF_ENOMEM;
	diag_init(&diag);
	snprintf(error, IMPORT_ERROR_MAX, "out of memory.");
	if (adguard && fragment_init(&adguard->fragment, import) == PF_OK)
		result = tree_parse(&tree, path, text, length, &diag);
	if (result == PF_EINVAL || (result == PF_OK && diag.errors)) {
		diag_format(&diag.entries[0], error, IMPORT_ERROR_MAX);
		result = PF_EINVAL;
	}
	if (result == PF_OK) {
		adguard->beside = beside;
		result = read_tree(adguard, path, tree.root, error);
	}
	tree_deinit(&tree);
	if (adguard)
		fragment_deinit(&adguard->fragment);
	diag_deinit(&diag);
	free(adguard);
	free(text);
	return result;
}
