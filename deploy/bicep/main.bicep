// Alert Desk in Azure: a container app with a managed identity as its credential, and the bot's registration.
// Not compiled by this project's tests. Into a resource group:
//
//   az deployment group create --resource-group alertdesk --template-file deploy/bicep/main.bicep --parameters \
//     image=registry.example.com/alertdesk:0.1.0 appId=… partners='[{"name":"…","tenantId":"…","adminAgentsGroupId":"…"}]' \
//     databaseUrl='postgresql://…?sslmode=require' auditKey=…
//
// Then let the app registration trust the identity, with the outputs `identityPrincipalId` and `issuer`:
//
//   az ad app federated-credential create --id <appId> --parameters '{"name":"alertdesk","issuer":"<issuer>",
//     "subject":"<identityPrincipalId>","audiences":["api://AzureADTokenExchange"]}'

@description('Names of everything begin with this.')
@minLength(3)
@maxLength(20)
param name string = 'alertdesk'

param location string = resourceGroup().location

@description('The image that deploy/Dockerfile makes, in a registry that can be pulled from.')
param image string

@description('Application (client) id of the bot\'s app registration.')
param appId string

@description('The bot\'s home tenant.')
param appTenantId string = tenant().tenantId

@description('PARTNERS as one line of JSON; see docs/operations.md.')
param partners string

@description('postgresql://user:password@host/database?sslmode=require. SQLite would be lost with each revision.')
@secure()
param databaseUrl string

@description('Base64 of 32 bytes (openssl rand -base64 32). Keep a copy outside Azure too.')
@secure()
param auditKey string

@minValue(1)
@maxValue(10)
param replicas int = 2

@allowed(['F0', 'S1'])
param botSku string = 'F0'

var host = '${name}.${containers.properties.defaultDomain}'

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: '${name}-identity'
  location: location
}

resource logs 'Microsoft.OperationalInsights/workspaces@2023-09-01' = {
  name: '${name}-logs'
  location: location
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: 90
  }
}

resource containers 'Microsoft.App/managedEnvironments@2024-03-01' = {
  name: '${name}-environment'
  location: location
  properties: {
    appLogsConfiguration: {
      destination: 'log-analytics'
      logAnalyticsConfiguration: {
        customerId: logs.properties.customerId
        sharedKey: logs.listKeys().primarySharedKey
      }
    }
  }
}

resource app 'Microsoft.App/containerApps@2024-03-01' = {
  name: name
  location: location
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identity.id}': {} }
  }
  properties: {
    managedEnvironmentId: containers.id
    configuration: {
      activeRevisionsMode: 'Single'
      ingress: {
        external: true
        targetPort: 3978
        transport: 'http'
        allowInsecure: false
      }
      secrets: [
        { name: 'database-url', value: databaseUrl }
        { name: 'audit-key', value: auditKey }
      ]
    }
    template: {
      terminationGracePeriodSeconds: 30
      scale: { minReplicas: replicas, maxReplicas: replicas }
      containers: [
        {
          name: 'bot'
          image: image
          resources: { cpu: json('0.5'), memory: '1Gi' }
          env: [
            { name: 'ALERTDESK_HOST', value: '0.0.0.0' }
            { name: 'ALERTDESK_PORT', value: '3978' }
            { name: 'ALERTDESK_APP_ID', value: appId }
            { name: 'ALERTDESK_APP_TENANT_ID', value: appTenantId }
            { name: 'ALERTDESK_APP_MANAGED_IDENTITY_CLIENT_ID', value: identity.properties.clientId }
            { name: 'ALERTDESK_ACT_AS', value: 'app' }
            { name: 'ALERTDESK_PARTNERS', value: partners }
            { name: 'ALERTDESK_PUBLIC_URL', value: 'https://${host}' }
            { name: 'ALERTDESK_DATABASE_URL', secretRef: 'database-url' }
            { name: 'ALERTDESK_AUDIT_KEY', secretRef: 'audit-key' }
          ]
          probes: [
            { type: 'Startup', httpGet: { path: '/healthz', port: 3978 }, periodSeconds: 10, failureThreshold: 30 }
            { type: 'Liveness', httpGet: { path: '/healthz', port: 3978 }, periodSeconds: 15, timeoutSeconds: 5, failureThreshold: 4 }
            { type: 'Readiness', httpGet: { path: '/readyz', port: 3978 }, periodSeconds: 10, timeoutSeconds: 8, failureThreshold: 3 }
          ]
        }
      ]
    }
  }
}

resource bot 'Microsoft.BotService/botServices@2022-09-15' = {
  name: '${name}-bot'
  location: 'global'
  kind: 'azurebot'
  sku: { name: botSku }
  properties: {
    displayName: 'Alert Desk'
    endpoint: 'https://${host}/api/messages'
    msaAppId: appId
    msaAppTenantId: appTenantId
    msaAppType: 'SingleTenant'
  }
}

resource teams 'Microsoft.BotService/botServices/channels@2022-09-15' = {
  parent: bot
  name: 'MsTeamsChannel'
  location: 'global'
  properties: {
    channelName: 'MsTeamsChannel'
    properties: { isEnabled: true }
  }
}

output publicUrl string = 'https://${host}'
output redirectUri string = 'https://${host}/auth/callback'
output identityPrincipalId string = identity.properties.principalId
output issuer string = uri(environment().authentication.loginEndpoint, '${appTenantId}/v2.0')
