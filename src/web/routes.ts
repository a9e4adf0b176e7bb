/** Everything that the webmail asks of this server beside mail itself, which it asks by JMAP as all clients do. */
import type { Route } from '../http/exchange.ts';
import { accountRoutes } from './account-routes.ts';
import { adminRoutes } from './admin/routes.ts';
import type { AdminServices } from './admin/services.ts';
import { AppBuild, type AppBuildOptions } from './app-build.ts';
import { appRoutes } from './app-routes.ts';
import { type ProxyServices, pictureRoutes } from './image-proxy.ts';
import { securityRoutes } from './security-routes.ts';
import type { WebServices } from './services.ts';
import { sessionRoutes } from './session-routes.ts';

export function webRoutes(
  options: WebServices & AppBuildOptions & ProxyServices & AdminServices,
): readonly Route[] {
  return [
    ...sessionRoutes(options),
    ...accountRoutes(options),
    ...securityRoutes(options),
    ...adminRoutes(options),
    ...pictureRoutes(options),
    ...appRoutes(AppBuild.begin(options)),
  ];
}
