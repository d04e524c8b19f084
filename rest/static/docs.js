// Shows the OpenAPI document by Swagger UI, which is served from here as well.
SwaggerUIBundle({
  url: "/docs/openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  validatorUrl: null, // ask nobody else
});
