/* argv → daemon. */
#include <config.h>

#include <getopt.h>
#include <stdio.h>

#include "daemon/daemon.h"
#include "notify/helper.h"

static const char usage[] =
	"Usage: portafilterd [-c FILE] [-n]\n"
	"\n"
	"The DNS resolver for networks with things in them. It runs in the foreground and logs to stderr.\n"
	"\n"
	"  -c FILE  the configuration (default " PF_SYSCONFDIR "/portafilter/portafilter.yaml)\n"
	"  -n       check the configuration and exit: 0 it is right, 1 it is not\n"
	"  -V       print the version and exit\n"
	"  -h       print this text and exit\n"
	"\n"
	"SIGHUP reads the configuration, lists and databases again; SIGUSR2 replaces the daemon by its program\n"
	"of now, without a lost query; SIGTERM finishes what is under way and ends. See portafilterd(8) and\n"
	"portafilter.yaml(5).\n";

int main(int argc, char **argv)
{
	const char *config_path = PF_SYSCONFDIR "/portafilter/portafilter.yaml";
	int check = 0;
	for (int option; (option = getopt(argc, argv, "c:nVh")) != -1;) {
		switch (option) {
		case 'c': config_path = optarg; break;
		case 'n': check = 1; break;
		case 'V': printf("portafilterd %s\n", PACKAGE_VERSION); return 0;
		case 'h': fputs(usage, stdout); return 0;
		default: fputs(usage, stderr); return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "portafilterd: what is \"%s\"?\n\n%s", argv[optind], usage);
		return 2;
	}
	int code;
	if (!check && helper_main(config_path, &code))
		return code;
	return check ? daemon_check(config_path) : daemon_run(config_path);
}
