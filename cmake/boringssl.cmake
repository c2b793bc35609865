# BoringSSL at the pinned commit, as static libraries. deploy/boringssl fetches, verifies, builds
# and caches it and prints where it is; BORINGSSL_ROOT names one that is there already.
set(BORINGSSL_ROOT "" CACHE PATH "Prefix printed by deploy/boringssl (empty: run it)")
if(NOT BORINGSSL_ROOT)
  execute_process(COMMAND ${PROJECT_SOURCE_DIR}/deploy/boringssl
    OUTPUT_VARIABLE root OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "deploy/boringssl could not provide BoringSSL; its message is above")
  endif()
  set(BORINGSSL_ROOT ${root} CACHE PATH "Prefix printed by deploy/boringssl" FORCE)
endif()
foreach(file lib/libssl.a lib/libcrypto.a src/include/openssl/ssl.h)
  if(NOT EXISTS ${BORINGSSL_ROOT}/${file})
    message(FATAL_ERROR "BORINGSSL_ROOT=${BORINGSSL_ROOT} has no ${file}")
  endif()
endforeach()

find_package(Threads REQUIRED)
add_library(boring_crypto STATIC IMPORTED)
set_target_properties(boring_crypto PROPERTIES
  IMPORTED_LOCATION ${BORINGSSL_ROOT}/lib/libcrypto.a
  INTERFACE_INCLUDE_DIRECTORIES ${BORINGSSL_ROOT}/src/include
  IMPORTED_LINK_INTERFACE_LANGUAGES CXX
  INTERFACE_LINK_LIBRARIES Threads::Threads)
add_library(boring_ssl STATIC IMPORTED)
set_target_properties(boring_ssl PROPERTIES
  IMPORTED_LOCATION ${BORINGSSL_ROOT}/lib/libssl.a
  IMPORTED_LINK_INTERFACE_LANGUAGES CXX
  INTERFACE_LINK_LIBRARIES boring_crypto)
set(BORINGSSL_COMMIT 2e508c973d634b3aa51b71db5062bc6b096e5031)
