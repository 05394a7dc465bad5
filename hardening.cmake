# What makes a fault of ours harder to use, for everything that is installed, whatever flags a packager adds. tests/release.py looks
# for each of these in the binaries of a release build.
include(CheckCCompilerFlag)
include(CheckCSourceCompiles)

add_library(sluice-hardening INTERFACE)
target_link_libraries(sluice-flags INTERFACE sluice-hardening)
target_link_options(sluice-hardening INTERFACE -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
if(SLUICE_SANITIZE)
        # Sanitizers see more than the rest of this would, and replace the functions that _FORTIFY_SOURCE replaces.
        return()
endif()

# sluice_harden(name flag): the flag, where this compiler has it for this processor.
function(sluice_harden name flag)
        # Clang only warns of a flag that means nothing here.
        set(CMAKE_REQUIRED_FLAGS -Werror)
        check_c_compiler_flag(${flag} SLUICE_HAS_${name})
        if(SLUICE_HAS_${name})
                target_compile_options(sluice-hardening INTERFACE ${flag})
        endif()
endfunction()
sluice_harden(STACK_PROTECTOR -fstack-protector-strong)
sluice_harden(STACK_CLASH_PROTECTION -fstack-clash-protection)
sluice_harden(CF_PROTECTION -fcf-protection=full)
sluice_harden(BRANCH_PROTECTION -mbranch-protection=standard)

# Level 3 needs a libc and a compiler that know it; where one does not, it warns. Without optimization there is no level at all.
set(CMAKE_REQUIRED_FLAGS "-O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3")
check_c_source_compiles("#include <features.h>
#if __USE_FORTIFY_LEVEL < 3
#error
#endif
int main(void) { return 0; }" SLUICE_HAS_FORTIFY_3)
unset(CMAKE_REQUIRED_FLAGS)
set(fortify $<IF:$<BOOL:${SLUICE_HAS_FORTIFY_3}>,3,2>)
target_compile_options(sluice-hardening INTERFACE
        $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE> $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=${fortify}>)

# A shared library is position-independent anyhow.
set(shared $<IN_LIST:$<TARGET_PROPERTY:TYPE>,SHARED_LIBRARY$<SEMICOLON>MODULE_LIBRARY>)
target_compile_options(sluice-hardening INTERFACE $<$<NOT:${shared}>:-fPIE>)
target_link_options(sluice-hardening INTERFACE $<$<NOT:${shared}>:-pie>)
