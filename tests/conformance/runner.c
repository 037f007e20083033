/*
 * The runner of the conformance suite as a program of its own: the command
 * `sandbox conformance` for builds that have only the suite.
 */
#include "cli/conformance.h"

int main(int argc, char **argv)
{
	return cmd_conformance(argc, argv);
}
