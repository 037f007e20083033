/* sandbox debug: see cmd_debug below. */
#include "cli/cli.h"
int cmd_debug(int argc, char **argv) { return EXIT_OURS; }
