/*
 * main() of every program made from one file in stages/. The linker takes this
 * member of the archive only where nobody else defines main.
 */
#include "asid/kit/stage.h"

extern const struct asid_stage asid_stage;

int main(int argc, char **argv)
{
    return asid_main(&asid_stage, argc, argv);
}
